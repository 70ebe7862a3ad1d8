"""Desks beside the tests' own: an empty one, and one that was lived in, on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from supportdesk.backup import migrating
from tests.wholedesks import (
    copy_of,
    desk_in,
    live_through_a_week,
    make_empty_sqlite,
    postgresql_like,
    put_files_into,
)


@pytest.fixture(autouse=True)
def _tables_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The desks of these tests have their tables; a `migrate` that finds nothing to do takes half a second."""
    monkeypatch.setattr(migrating, "call_command", lambda *_words, **_options: None)


@pytest.fixture(scope="session")
def _empty_sqlite(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("desks") / "empty.sqlite3"
    with django_db_blocker.unblock():
        make_empty_sqlite(path)
    return path


@pytest.fixture
def empty(_empty_sqlite: Path, tmp_path: Path) -> dict[str, Any]:
    """An empty desk of SQLite."""
    return copy_of(_empty_sqlite, tmp_path / "empty.sqlite3")


@pytest.fixture(scope="session")
def _lived_in(_empty_sqlite: Path, django_db_blocker: DjangoDbBlocker) -> Path:
    """Its files lie beside it."""
    path = _empty_sqlite.with_name("old.sqlite3")
    put_files_into(path.with_name("files"))
    with django_db_blocker.unblock(), desk_in(copy_of(_empty_sqlite, path)):
        live_through_a_week(1)
    return path


@pytest.fixture
def lived_in(_lived_in: Path, tmp_path: Path) -> dict[str, Any]:
    """A desk of SQLite with rows of every shape."""
    shutil.copytree(_lived_in.with_name("files"), tmp_path / "files")
    put_files_into(tmp_path / "files")
    return copy_of(_lived_in, tmp_path / "old.sqlite3")


@pytest.fixture(scope="session")
def _postgresql_template(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[dict[str, Any]]:
    """Before any test holds the tests' database."""
    with django_db_blocker.unblock():
        connection.close()
        with postgresql_like(dict(connection.settings_dict)) as database:
            yield database


@pytest.fixture
def empty_postgresql(_postgresql_template: dict[str, Any], db: None) -> Iterator[dict[str, Any]]:
    with postgresql_like(_postgresql_template) as database:
        yield database


@pytest.fixture
def quick_tables(_empty_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scratch database gets its tables at once, for `migrate` takes seconds."""

    def migrated(_applied: object) -> None:
        connection.close()
        copy_of(_empty_sqlite, Path(connection.settings_dict["NAME"]))

    monkeypatch.setattr("supportdesk.backup.verifying.migrate_to", migrated)
