"""Notifications: rows first, then the text, the route, and attempts until somebody is reached.

Read in this order: writing, operators, dispatch, routes, digests; rendering, wording, group_wording, acknowledge_links;
mail_outcomes, fallback, dispatch_watch; contact_ways. `channels` talks to outside services.
"""
