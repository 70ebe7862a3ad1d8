"""Enforcement: finds the promises on which a step is due, and acts.

Read in this order: sweep_loop, sweep, firing, recipients, handover; paging, acknowledge, receipt_mail;
forecast, next_step; heartbeats, lag, dead_mans_switch.
"""
