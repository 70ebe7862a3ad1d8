"""The processes of a desk: the one-command runner, and the cluster of the task queue.

Read in this order: desk_parts, runner, cluster, host_clock.
"""
