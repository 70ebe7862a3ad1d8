"""The processes of a desk: the one-command runner, the cluster of the task queue, and what the mail listener reports.

Read in this order: setup_lock, desk_parts, runner, cluster, host_clock, listener_reports.
"""
