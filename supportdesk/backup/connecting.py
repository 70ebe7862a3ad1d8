"""Connections beside the one of this process, and other databases in its place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler


def connection_to(database: dict[str, Any]) -> BaseDatabaseWrapper:
    """A connection to the database that such settings describe; opened when it is first used."""
    connection: BaseDatabaseWrapper = ConnectionHandler({DEFAULT_DB_ALIAS: database})[DEFAULT_DB_ALIAS]
    return connection


@contextmanager
def working_on(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let everything in this thread work on this database, models and migrations included. Closes it at the end.

    What was remembered of rows would be mixed up, so only commands do this, which end with their process.
    """
    usual = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connection
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = usual
        connection.close()
