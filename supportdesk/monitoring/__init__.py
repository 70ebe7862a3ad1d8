"""Whether the desk works: for its board, for /healthz and for Prometheus.

Read in this order: check_results, liveness, schedule_inspection, coverage_warning, health; counts, operations,
metrics; heartbeat_wording, schedule_wording; health_view, metrics_view.
"""
