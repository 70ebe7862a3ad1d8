"""Template tags of the escalation app."""
