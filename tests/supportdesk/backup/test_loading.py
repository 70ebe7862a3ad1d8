"""Every row of a desk arrives in an empty one exactly as it was, or none does."""

import sqlite3
from contextlib import closing

import pytest
from django.db import IntegrityError, connection

from customers.models import ContactTokens
from escalation.proof.whole_proof import prove_all
from supportdesk.backup.connecting import connection_to, working_on
from supportdesk.backup.loading import empty_desk, load, reading_desk, refuse_foreign
from tests.factories import UserFactory
from tests.wholedesks import all_rows, desk_in, silent, sqlite_at
from tickets.errors import DeskError
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def copied(old, new, say=silent):
    with desk_in(old), reading_desk() as source, desk_in(new), empty_desk() as target:
        return load(source, target, say=say)


def test_every_row_arrives_as_it_was(lived_in, empty):
    wanted = all_rows(lived_in)
    assert copied(lived_in, empty) == sum(map(len, wanted.values()))
    assert all_rows(empty) == wanted
    assert len(wanted["escalation_clockevent"]) >= 5


def test_the_ledger_is_proven_in_the_copy_and_guarded_again(lived_in, empty):
    copied(lived_in, empty)
    with desk_in(empty):
        assert prove_all().mismatches == ()
        assert prove_all().clocks >= 3
        with pytest.raises(IntegrityError, match="append-only"):
            connection.cursor().execute("DELETE FROM escalation_clockevent")


def test_the_search_of_the_copy_knows_every_row(lived_in, empty):
    copied(lived_in, empty)
    words = f"{ContactTokens._meta.db_table}_words"
    with desk_in(empty), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {words} ({words}, rank) VALUES ('integrity-check', 1)")
        cursor.execute(f"SELECT count(*) FROM {words}_docsize")
        assert cursor.fetchone()[0] == ContactTokens.objects.count() > 0


def test_a_number_that_was_given_once_is_not_given_again(lived_in, empty):
    with desk_in(lived_in):
        connection.cursor().execute("UPDATE sqlite_sequence SET seq = 77000 WHERE name = 'auth_user'")
    copied(lived_in, empty)
    with desk_in(empty):
        assert UserFactory().pk == 77001


def test_a_desk_in_use_is_refused(lived_in, empty):
    with desk_in(empty):
        UserFactory()
    before = all_rows(empty)
    with pytest.raises(DeskError, match=r"is in use \(it has rows in auditlog_logentry"):
        copied(lived_in, empty)
    assert all_rows(empty) == before


def test_a_copy_that_breaks_off_leaves_the_desk_empty(lived_in, empty):
    before = all_rows(empty)

    def break_off(text):
        if text.startswith("tickets_ticket"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copied(lived_in, empty, say=break_off)
    assert all_rows(empty) == before
    copied(lived_in, empty)
    assert all_rows(empty) == all_rows(lived_in)


def test_a_row_that_names_a_missing_one_is_refused_and_nothing_stays(lived_in, empty):
    with closing(sqlite3.connect(lived_in["NAME"], isolation_level=None)) as hand:
        hand.execute("DELETE FROM customers_contact")
    with pytest.raises(DeskError, match="names a row of customers_contact that does not exist"):
        copied(lived_in, empty)
    with desk_in(empty):
        assert Ticket.objects.count() == 0


def test_a_table_of_another_version_is_refused(lived_in, empty):
    with desk_in(empty):
        connection.cursor().execute("ALTER TABLE tickets_rule ADD COLUMN later integer")
    with pytest.raises(DeskError, match="The table tickets_rule has other columns"):
        copied(lived_in, empty)


def test_a_database_of_something_else_is_refused(tmp_path):
    with working_on(connection_to(sqlite_at(tmp_path / "other.sqlite3"))):
        refuse_foreign()
        connection.cursor().execute("CREATE TABLE recipes (id integer)")
        with pytest.raises(DeskError, match=r"holds other tables than a desk's \(recipes"):
            refuse_foreign()


def test_progress_is_told_by_table(lived_in, empty):
    told = []
    copied(lived_in, empty, say=told.append)
    assert "tickets_ticket: 3" in told
