"""What the queue runs for the joining app."""


def pulse() -> None:
    """Asks one cluster whether its tasks go all the way; see supportdesk.cluster.reports. There is nothing to do."""
