"""Policies, calendars, clocks, ledger, sweep, steps, duty rota, notifications, scorecards, exports."""
