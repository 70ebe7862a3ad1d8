"""Reports faults to Sentry and traces by OpenTelemetry, if configured: what happened and where, never what was said.

Read in this order: faults, tracing, starting. Reasons: .github/decisions/monitoring.md.
"""
