"""The processes of a desk: the one-command runner, and the cluster of the task queue."""
