"""DeskError, the desk's one kind of refusal, for tickets and the apps above; and a fault of the file store."""

from customers.errors import DeskError

__all__ = ["DeskError", "FileStoreFault"]


class FileStoreFault(OSError):
    """The object store with the files does not answer, or refuses."""
