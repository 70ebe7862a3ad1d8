"""Checks whether the desk works: for its board, for /healthz and for Prometheus.

Read in this order: check_results, host_clocks, liveness, machines, migrations, coverage_warning, backup_watch, health,
deadline, lock_holders, health_view; counts, operations; heartbeat_wording, schedule_wording; metrics, metrics_view.
"""
