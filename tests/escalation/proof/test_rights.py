"""The role that runs the desk can add to the ledger and not rewrite it, where another role owns the tables."""

from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection, transaction

from escalation.clocks import ledger_guard
from escalation.policies import stamp_triggers
from escalation.proof.rights import can_rewrite_ledger
from escalation.proof.sealing import seal_ledger
from escalation.proof.whole_proof import prove_all
from supportdesk.checks import check_rights
from tests.factories import AdminFactory, StaffProfileFactory
from tests.talk import answered, minute, opened
from tickets.choices import Priority

ROLE = "desk_runs_as"
on_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no roles")
pytestmark = pytest.mark.django_db


def findings():
    return {finding.id for finding in check_rights(None)}


@contextmanager
def as_role():
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
        yield cursor
        cursor.execute("RESET ROLE")


@pytest.fixture
def role():
    """A role that was granted what the desk needs; the transaction of the test ends it."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
    call_command("grant_rights", ROLE, stdout=(out := StringIO()))
    assert out.getvalue() == f"{ROLE} can run the desk and cannot rewrite its ledger.\n"


@on_postgresql
def test_the_owner_of_the_tables_could_rewrite_the_ledger():
    assert can_rewrite_ledger(connection)
    assert "desk.W007" in findings()


@on_postgresql
def test_the_granted_role_keeps_and_proves_promises_and_cannot_rewrite_them(role):
    with as_role():
        assert not can_rewrite_ledger(connection)
        assert "desk.W007" not in findings()
        StaffProfileFactory(user=AdminFactory())
        answered(opened(priority=Priority.P2), 5)
        assert len(seal_ledger(at=minute(60))) == 1
        assert prove_all().mismatches == ()


@on_postgresql
@pytest.mark.parametrize("table", ledger_guard.KEYS)
@pytest.mark.parametrize(
    "deed", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "ALTER TABLE {} DISABLE TRIGGER ALL"]
)
def test_the_granted_role_may_not_even_try(role, table, deed):
    refused = pytest.raises(DatabaseError, match=r"permission denied|must be owner")
    with as_role() as cursor, refused, transaction.atomic():
        cursor.execute(deed.format(table))


@on_postgresql
def test_a_start_of_the_granted_role_creates_nothing_that_is_there(role, count_queries):
    with as_role():
        assert count_queries(ledger_guard.create_guards) == 4
        assert count_queries(stamp_triggers.create_triggers) == 2


@on_postgresql
def test_an_unknown_role_is_named():
    with pytest.raises(CommandError, match="nobody_here"):
        call_command("grant_rights", "nobody_here")


def test_other_databases_have_no_roles(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "sqlite")
    assert can_rewrite_ledger(connection)
    with pytest.raises(CommandError, match="PostgreSQL"):
        call_command("grant_rights", ROLE)


def test_a_database_that_does_not_answer_is_a_finding_and_no_error(monkeypatch):
    def gone(_connection):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(connection, "vendor", "postgresql")
    monkeypatch.setattr("supportdesk.checks.can_rewrite_ledger", gone)
    [finding] = check_rights(None)
    assert (finding.id, "server closed" in finding.msg) == ("desk.W008", True)
