"""Policies, calendars, clocks, ledger, sweep, steps, duty rota, notifications, scorecards, exports.

One package per domain, from the ground up: choices, lib, models, access; working_time, chains, policies, clocks,
proof; exports, explaining; people, notifications, enforcement; absences, drills, duty. On top: templatetags, handlers,
tasks, management, admin. A package imports only from those listed before it: import-linter checks it.
"""
