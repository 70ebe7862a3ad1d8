"""Policies, calendars, clocks, ledger, sweep, steps, duty rota, notifications, scorecards, exports.

A room per domain, from the ground up: choices, lib, models, access; working_time, chains, policies, clocks; exports,
explaining; people, notifications, enforcement; absences, drills, duty. On top: templatetags,
handlers, tasks, management, admin.
A room imports only what stands before it here: import-linter checks it.
"""
