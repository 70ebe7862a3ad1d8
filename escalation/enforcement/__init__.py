"""Enforcement: finds promises with a step due, and acts.

Read in this order: sweep_loop, sweep, firing, recipients, handover; paging, proposal_notices, acknowledge,
receipt_mail, colleague_mail, erased_words; waivers, waiver_notices; forecast, next_step; heartbeats, lag,
dead_mans_switch.
"""
