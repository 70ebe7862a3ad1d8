"""Rows of one transaction that wait for each other, so that those of many tickets go to a table together.

Before anything else is sent to the database, what waits is written, so that every query sees it. The work of the
transaction (such as its mails) is done piece by piece: one that fails takes its rows with it and spoils no other, and
one that sends nothing of its own needs no savepoint. Why: "What the mails of a batch write goes out together" in
.github/decisions/mail.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from tickets.lib.many_rows import (
    Values,
    insert_rows,
    new_keys,
    prepared_changes,
    prepared_row,
    prepared_values,
    update_rows,
)

HARMLESS = ("SELECT", "SAVEPOINT", "RELEASE")  # change nothing of what is remembered


class RowsRefused(Exception):
    """The database did not take rows that waited (the cause says why), so that the transaction is lost."""


class WaitingRows:
    """Prepared rows to insert, by model and whether they have keys, and changes by model and fields, then by key."""

    def __init__(self) -> None:
        self.new: dict[tuple[type[Model], bool], list[Values]] = {}
        self.changed: dict[tuple[type[Model], tuple[str, ...]], dict[Any, Values]] = {}

    def take_in(self, later: WaitingRows) -> None:
        for table, rows in later.new.items():
            self.new.setdefault(table, []).extend(rows)
        for fields, changes in later.changed.items():
            self.changed.setdefault(fields, {}).update(changes)

    def write(self) -> None:
        new, changed, self.new, self.changed = self.new, self.changed, {}, {}
        for (model, with_keys), rows in new.items():
            insert_rows(model, rows, with_keys=with_keys)
        for (model, names), changes in changed.items():
            update_rows(model, names, changes)


class RowsTogether:
    """The rows of one transaction that wait: those of the pieces that are done, and those of the piece under way.

    ``expected`` is how many keys are drawn at once. What is ``remembered`` is forgotten as soon as anything is changed
    by another statement.
    """

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.of_done, self.of_this = WaitingRows(), WaitingRows()
        self.keys: dict[type[Model], Iterator[int]] = {}
        self.remembered: dict[Any, Any] = {}
        self.piece: Piece | None = None
        self.refusal: RowsRefused | None = None
        self.is_ours = False  # the statement that is being sent

    def insert(self, row: Model) -> None:
        """Let a new instance wait, and set its key, so that others can refer to it."""
        row.pk = self._next_key(type(row))
        row._state.adding, row._state.db = False, connection.alias
        self.of_this.new.setdefault((type(row), True), []).append(prepared_row(row, with_key=True))

    def insert_values(self, model: type[Model], rows: Sequence[Values]) -> None:
        """Let rows of these values wait, in the order of `fields_of`. Their keys are drawn when they are written."""
        waiting = self.of_this.new.setdefault((model, False), [])
        waiting.extend(prepared_values(model, row) for row in rows)

    def update(self, row: Model, names: tuple[str, ...]) -> None:
        waiting = (*self.of_done.changed, *self.of_this.changed)
        if any(model is type(row) and others != names for model, others in waiting):
            self.write()  # or nobody would know which of them came last
        changes = self.of_this.changed.setdefault((type(row), names), {})
        changes[row.pk] = prepared_changes(row, names)

    def write(self) -> None:
        """Write what waits. Raises RowsRefused for rows of pieces that are done."""
        if self.refusal is not None:
            raise self.refusal
        with self._sending():
            self._write_done()
            if self.piece is not None:
                self.piece.begin()
            self.of_this.write()

    def _write_done(self) -> None:
        try:
            self.of_done.write()
        except Exception as error:
            self.refusal = RowsRefused(str(error))
            raise self.refusal from error

    @contextmanager
    def one_piece(self) -> Iterator[None]:
        self.piece = piece = Piece()
        try:
            yield
            with self._sending():
                piece.end()
        except BaseException:
            self.of_this = WaitingRows()
            with self._sending():
                piece.undo()
            raise
        finally:
            self.piece = None
        if self.refusal is not None:
            raise self.refusal
        self.of_done.take_in(self.of_this)
        self.of_this = WaitingRows()

    def before_each(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        """Django calls this in place of every statement."""
        if not self.is_ours:
            if sql.startswith("ROLLBACK"):
                self.of_this = WaitingRows()  # what waits came after the savepoint, which was a statement
            self.write()
            if not sql.lstrip().startswith(HARMLESS):
                self.remembered.clear()
                if connection.vendor == "sqlite":
                    self.keys.clear()  # the statement may take them itself
        return execute(sql, params, many, context)

    @contextmanager
    def _sending(self) -> Iterator[None]:
        was_ours, self.is_ours = self.is_ours, True
        try:
            yield
        finally:
            self.is_ours = was_ours

    def _next_key(self, model: type[Model]) -> int:
        key = next(self.keys.get(model, iter(())), None)
        if key is None:
            with self._sending():
                self.keys[model] = new_keys(model, self.expected)
            key = next(self.keys[model])
        return key


class Piece:
    """A part of a transaction with a savepoint that begins before its first statement, if there is any."""

    def __init__(self) -> None:
        self.depth, self.nudges = len(connection.savepoint_ids), len(connection.run_on_commit)
        self.savepoint: str | None = None

    def begin(self) -> None:
        if self.savepoint is None and not connection.needs_rollback:
            self.savepoint = savepoint = str(connection.savepoint())
            # Where Django would have put it when the piece began: blocks inside it may be open by now.
            connection.savepoint_ids.insert(self.depth, savepoint)

    def end(self) -> None:
        if connection.needs_rollback:
            raise transaction.TransactionManagementError("An error was passed over.")
        if self.savepoint is not None:
            connection.savepoint_ids.pop()
            connection.savepoint_commit(self.savepoint)

    def undo(self) -> None:
        """Take back what was sent, as `transaction.atomic` does. If that fails, the transaction is lost."""
        del connection.savepoint_ids[self.depth :]
        del connection.run_on_commit[self.nudges :]
        connection.needs_rollback = False
        if self.savepoint is None:
            return
        try:
            connection.savepoint_rollback(self.savepoint)
            connection.savepoint_commit(self.savepoint)
        except BaseException:
            connection.needs_rollback = True
            raise


_together: ContextVar[RowsTogether | None] = ContextVar("rows together", default=None)


def rows_together() -> RowsTogether | None:
    return _together.get()


@contextmanager
def written_together(expected: int) -> Iterator[None]:
    """Let the rows of the code inside wait, in the caller's transaction, and write them at its end.

    Raises RowsRefused if the database does not take them.
    """
    rows = RowsTogether(expected)
    token = _together.set(rows)
    try:
        with connection.execute_wrapper(rows.before_each):
            yield
            rows.write()
    finally:
        _together.reset(token)


@contextmanager
def piece_of_work() -> Iterator[None]:
    """A part of the transaction that happens as a whole or not at all."""
    rows = _together.get()
    with transaction.atomic() if rows is None else rows.one_piece():
        yield


def remember(key: Any, value: Any) -> None:
    """Keep what was read for several pieces at once, until a statement is sent that may change it."""
    rows = _together.get()
    if rows is not None:
        rows.remembered[key] = value


def recall(key: Any) -> Any:
    """What is remembered; else None."""
    rows = _together.get()
    return None if rows is None else rows.remembered.get(key)


def forget(value: Model) -> None:
    """Remember a row no longer that is being worked with."""
    rows = _together.get()
    if rows is not None:
        rows.remembered = {key: kept for key, kept in rows.remembered.items() if kept != value}
