"""Whole desks in databases of their own, beside the one of the tests: for what copies a desk from one to another."""

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import psycopg
from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from customers.search.column import TokensField, create_indexes
from escalation.clocks.ledger_guard import create_guards
from escalation.policies.stamp_triggers import create_triggers
from escalation.proof.sealing import seal_ledger
from supportdesk.backup.connecting import connection_to, working_on
from supportdesk.backup.desk_tables import DeskTable
from supportdesk.backup.loading import empty_desk, load, reading_desk
from tests.factories import (
    NOW,
    AttachmentFactory,
    InboundEmailFactory,
    MailboxFactory,
    StaffProfileFactory,
    TimelineEntryFactory,
    set_desk,
    staff,
)
from tests.talk import answered, asked, minute, opened, words
from tickets.choices import Priority
from tickets.models import Ticket

SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA synchronous = OFF;"},
}
_numbers = count()


def silent(_text: str) -> None:
    """Nobody listens to the progress."""


def sqlite_at(path: Path) -> dict[str, Any]:
    return {**SQLITE, "NAME": str(path)}


@contextmanager
def desk_in(database: dict[str, Any]) -> Iterator[None]:
    """Work in that desk instead of the tests'."""
    with working_on(connection_to(database)):
        yield


def make_empty_sqlite(path: Path) -> None:
    """A desk of SQLite as after `migrate`: its tables by the models, its first rows from the tests' database."""
    with reading_desk() as shipped, desk_in(sqlite_at(path)):
        MigrationRecorder(connection).ensure_schema()
        with connection.schema_editor() as editor:
            for model in apps.get_models():
                if not model._meta.proxy:
                    editor.create_model(model)
        create_triggers()
        create_guards()
        for model in apps.get_models():
            if any(isinstance(field, TokensField) for field in model._meta.concrete_fields):
                create_indexes(model)
        with empty_desk() as target:
            load(shipped, target, say=silent)
        connection.cursor().execute("PRAGMA journal_mode = WAL")


@contextmanager
def postgresql_like(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A copy of a database of PostgreSQL to which nobody is connected."""
    name = f"{template['NAME']}_{os.getpid()}_{next(_numbers)}"
    on_server(template, f'CREATE DATABASE "{name}" TEMPLATE "{template["NAME"]}"')
    try:
        yield {**template, "NAME": name}
    finally:
        on_server(template, f'DROP DATABASE "{name}" WITH (FORCE)')


def on_server(database: dict[str, Any], statement: str) -> None:
    with psycopg.connect(
        host=database["HOST"],
        port=database["PORT"],
        user=database["USER"],
        password=database["PASSWORD"],
        dbname="postgres",
        autocommit=True,
    ) as server:
        server.execute(statement)


@dataclass(frozen=True)
class RandomWords:
    """Text with any character that both databases can store."""

    random: random.Random

    def __call__(self, length: int = 60) -> str:
        blocks = [(1, 0x7F), (0x80, 0x7FF), (0x4E00, 0x9FFF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF)]
        return "".join(chr(self.random.randint(*self.random.choice(blocks))) for _place in range(length))


def live_through_a_week(seed: int) -> None:
    """Promises that are kept and missed, a sealed ledger, files, and rows with any text and any microsecond."""
    chance = random.Random(seed)
    text = RandomWords(chance)
    owner = staff(f"ann{seed}", reports_to=staff(f"ben{seed}"))
    set_desk(intake_owner=owner, duty_manager=owner)
    ticket = opened(0.000_001, priority=Priority.P1, words=words(text()))
    answered(ticket, 5 + chance.random(), actor=owner)
    message = asked(ticket, 6 + chance.random(), words=words(text(2_000)))
    opened(chance.random(), priority=Priority.P3, words=words(text()))
    seal_ledger(at=minute(60 + chance.random()))
    AttachmentFactory(message=message, name=text(20))
    for _row in range(20):
        at = NOW + timedelta(microseconds=chance.randrange(10**9))
        TimelineEntryFactory(
            ticket=ticket, at=at, data={text(5): [text(), chance.random(), None, {"a": 2**40}]}
        )
    mailbox = MailboxFactory(password=text(10))
    InboundEmailFactory(mailbox=mailbox, raw=chance.randbytes(5_000), signs={"b": text(), "a": True})
    StaffProfileFactory(quiet_from="22:30:00.5", quiet_until="07:00")
    Ticket.objects.filter(pk=opened(9).pk + 1_000).delete()


def all_rows(database: dict[str, Any]) -> dict[str, list[Any]]:
    """Every row of every table, sorted, its columns by name; JSON as its meaning, for PostgreSQL orders keys."""
    with desk_in(database), reading_desk() as desk:
        tables = [DeskTable(table.name, tuple(sorted(table.columns))) for table in desk.tables()]
        return {
            table.name: sorted((_meant(row, table) for row in desk.rows(table)), key=repr) for table in tables
        }


def _meant(row: tuple[Any, ...], table: DeskTable) -> tuple[Any, ...]:
    if "tokens" in table.columns:  # PostgreSQL sorts them
        place = table.columns.index("tokens")
        row = (*row[:place], " ".join(sorted(str(row[place]).split())), *row[place + 1 :])
    return tuple(
        _json(value) if isinstance(value, str) and value[:1] in ("{", "[") else value for value in row
    )


def _json(text: str) -> Any:
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONDecodeError:
        return text


def put_files_into(folder: Path) -> None:
    """Let the storage keep its files there, until the next test."""
    storage: Any = default_storage
    settings.MEDIA_ROOT = folder
    storage._clear_cached_properties("MEDIA_ROOT")


def copy_of(path: Path, there: Path) -> dict[str, Any]:
    """The same desk of SQLite once more."""
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(there)) as new:
        old.backup(new)
    return sqlite_at(there)


def is_postgresql() -> bool:
    return "postgresql" in settings.DATABASES["default"]["ENGINE"]
