"""Notifications: rows first, then words, routes and attempts until somebody is reached.

Read in this order: writing, wording, rendering, acknowledge_links, group_wording; dispatch, routes, contact_ways,
quiet_hours, digests; mail_outcomes, fallback, dispatch_watch. `channels` speaks to the services outside.
"""
