"""The admin of promises: clocks, their ledger, and the escalations that fired.

Read in this order: clock, ledger, escalation, times.
"""
