"""Every subscription of the escalation app to facts of the tickets app, in one place."""


def connect() -> None:
    """Called once from AppConfig.ready()."""
