"""The desk's one kind of refusal, under the name that tickets and everything above use."""

from customers.errors import DeskError

__all__ = ["DeskError"]
