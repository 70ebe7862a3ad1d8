"""Template tags of the escalation app: promises, drills."""
