"""Keeps the parts of a one-machine desk alive: starting, watching, restarting and ending processes.

Nothing here knows Django models; what the parts are is decided in supportdesk/processes/desk_parts.py.

Read in this order: supervisor, parts, process, restart_policy, liveness_probe, probes; ports, output,
die_with_parent, orphan_cleanup.
"""
