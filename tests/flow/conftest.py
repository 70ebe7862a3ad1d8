"""The real parts around the desk: PostgreSQL, an IMAP server, the outside world's mail server, a fresh folder."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tests.flow.desk import FreshDesk
from tests.flow.dovecot import PASSWORD, Dovecot
from tests.flow.outside import Outside
from tests.flow.world import ADDRESS

# Files that take minutes begin first, so that no worker ends long before the others.
LONG = [
    "test_redis_away.py", "test_kills.py", "test_redis_tasks.py", "test_whole_desk.py", "test_lane.py",
    "test_deployment.py",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The address of an empty database on the server of DATABASE_URL."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        pytest.fail("The flow needs PostgreSQL: run it as `.ci/postgres python -m pytest -m flow`")
    name = f"flow_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as session:
        session.execute(f"CREATE DATABASE {name}")
    yield urlsplit(server)._replace(path=f"/{name}").geturl()
    with psycopg.connect(server, autocommit=True) as session:
        session.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def rows(database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Lets the test read the rows of the desk's own database."""
    connection.close()
    before = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = database.rpartition("/")[2]
    with django_db_blocker.unblock():
        yield
        connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = before


@pytest.fixture(scope="module")
def inbox() -> Iterator[Dovecot]:
    """Not in pytest's own folders: those are closed to the user that Dovecot runs as."""
    with TemporaryDirectory(prefix="desk-dovecot-") as folder, Dovecot(Path(folder)).running() as server:
        yield server


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    with Outside().running() as world:
        yield world


@pytest.fixture(scope="module")
def more_environment() -> dict[str, str]:
    """What a file sets besides; see with_redis/conftest.py."""
    return {}


@pytest.fixture(scope="module")
def desk(
    database: str,
    inbox: Dovecot,
    outside: Outside,
    tmp_path_factory: pytest.TempPathFactory,
    more_environment: dict[str, str],
) -> Iterator[FreshDesk]:
    """`manage.py desk` in a fresh folder, with the people and customers of tests/flow/world.py."""
    folder: Path = tmp_path_factory.mktemp("desk")
    fresh = FreshDesk(
        folder,
        {
            "DATABASE_URL": database,
            "SMTP_URL": f"smtp://127.0.0.1:{outside.port}",
            "DESK_ADDRESS": ADDRESS,
            **more_environment,
        },
    )
    fresh.copy()
    with fresh.running():
        fresh.manage("shell", "-c", f"from tests.flow.world import build; build({inbox.port}, {PASSWORD!r})")
        yield fresh
