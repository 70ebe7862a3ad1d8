"""DeskError, the desk's one kind of refusal, for tickets and the apps above."""

from customers.errors import DeskError

__all__ = ["DeskError"]
