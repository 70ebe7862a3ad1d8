"""The admin of promises: clocks, their ledger and its seals, and the escalations that fired.

Read in this order: clock, ledger, seal, escalation, times.
"""
