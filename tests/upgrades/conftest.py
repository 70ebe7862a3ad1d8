"""Gives desks to upgrade."""

import os
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.upgrades.desks import GIVEN, Desk, on_server, sqlite_desk


@pytest.fixture(scope="module")
def new_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Desk]]:
    """Gives desks without a table; on PostgreSQL their databases are dropped at the end."""
    if not GIVEN.startswith("postgres"):
        yield lambda: sqlite_desk(tmp_path_factory.mktemp("desk"))
        return
    names = []

    def postgresql_desk() -> Desk:
        names.append(f"upgrade_{os.getpid()}_{len(names)}")
        on_server(f"CREATE DATABASE {names[-1]}")
        url = urlunsplit(urlsplit(GIVEN)._replace(path=f"/{names[-1]}"))
        return Desk(url, tmp_path_factory.mktemp("desk"))

    yield postgresql_desk
    for name in names:
        on_server(f"DROP DATABASE {name} WITH (FORCE)")
