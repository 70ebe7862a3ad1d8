"""The tables of a desk as a copy sees them: by name and columns, in whichever database.

A row is a tuple of what SQLite stores, which is the common form of both databases: numbers, text, bytes and None;
truth as 0 and 1, times as Django writes them to SQLite (UTC, six digits or none), JSON as its text.
"""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

Row = tuple[int | float | str | bytes | None, ...]

# Rows of running processes and of browsers, and what is counted for minutes. Tasks of the queue are only nudges:
# their work is found in other tables.
LEFT_BEHIND = frozenset(
    {
        "django_q_ormq",
        "django_session",
        "supportdesk_browsersession",
        "supportdesk_cluster",
        "supportdesk_maillistener",
        "supportdesk_sharedvalue",
        "supportdesk_signintries",
        "tickets_presence",
    }
)
# Tables that have rows before anybody uses the desk: those that migrations fill, and those of processes.
SHIPPED = LEFT_BEHIND | {
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "customers_desk",
    "customers_serviceplan",
    "django_content_type",
    "django_migrations",
    "django_q_schedule",
    "django_q_task",
    "escalation_calendar",
    "escalation_calendarversion",
    "escalation_escalationstep",
    "escalation_heartbeat",
    "escalation_policy",
    "escalation_policystamp",
    "escalation_policytarget",
    "escalation_policyversion",
    "tickets_rule",
}


@dataclass(frozen=True)
class DeskTable:
    name: str
    columns: tuple[str, ...]


class RowSource(Protocol):
    """Where rows come from: one state of a database, or a backup."""

    def tables(self) -> list[DeskTable]:
        """All tables whose rows are copied, by name."""

    def rows(self, table: DeskTable) -> Generator[Row, None, None]:
        """The rows of a table, in any order, with its columns in the order given. Close it before the source."""

    def count(self, name: str) -> int:
        """The number of rows of a table."""

    def last_numbers(self) -> Mapping[str, int]:
        """By table: the highest number that was ever given to a row. It is not given again."""


class RowTarget(Protocol):
    """The tables of an empty desk, inside a transaction."""

    def tables(self) -> list[DeskTable]:
        """As of a source."""

    def count(self, name: str) -> int:
        """The number of rows of a table."""

    def open_up(self) -> None:
        """Empty all tables, and take off the triggers and foreign keys, which allow no copying."""

    def write(self, table: DeskTable, rows: Iterable[Row]) -> None:
        """Add the rows as they are."""

    def close_up(self, last_numbers: Mapping[str, int]) -> None:
        """Put triggers and foreign keys back, which checks the rows, and go on counting after the last numbers."""
