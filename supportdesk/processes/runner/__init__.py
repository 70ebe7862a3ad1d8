"""Keeps the parts of a one-machine desk alive: starts, watches, restarts and ends their processes.

Nothing here knows Django models; supportdesk/processes/desk_parts.py decides what the parts are.

Read in this order: supervisor, parts, process, restart_policy, liveness_probe, probes; ports, output,
die_with_parent, orphan_cleanup.
"""
