"""manage.py move_desk: the whole desk in another database, or nothing there."""

import sqlite3
from contextlib import closing
from io import StringIO
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from escalation.proof.whole_proof import prove_all
from supportdesk.backup import moving
from supportdesk.models import Cluster, MailListener
from tests.factories import NOW, ClusterFactory, UserFactory
from tests.wholedesks import all_rows, desk_in, live_through_a_week
from tickets.models import TimelineEntry

pytestmark = pytest.mark.django_db


def url_of(database):
    if "sqlite3" in database["ENGINE"]:
        return f"sqlite:///{database['NAME']}"
    password = quote(database["PASSWORD"])
    return (
        f"postgres://{database['USER']}:{password}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    )


def moved(old, new):
    with desk_in(old):
        call_command("move_desk", url_of(new), stdout=(out := StringIO()))
    return out.getvalue()


def test_the_whole_desk_is_in_the_other_database(lived_in, empty):
    wanted = all_rows(lived_in)
    out = moved(lived_in, empty)
    assert all_rows(empty) == wanted
    assert out.endswith(
        "All 4 SLAs match the ledger.\n"
        f"Moved {sum(map(len, wanted.values())):,} rows. Set DATABASE_URL to the new database and start the desk; "
        "files and keys stay.\n"
    )


def test_a_running_desk_is_refused(lived_in, empty, frozen):
    with desk_in(lived_in):
        ClusterFactory(host="alpha")
    with pytest.raises(CommandError, match="The desk is running on alpha"):
        moved(lived_in, empty)


def test_a_running_mail_listener_is_refused(lived_in, empty, frozen):
    with desk_in(lived_in):
        MailListener.objects.create(name="beta:1", host="beta", seen_at=NOW)
    with pytest.raises(CommandError, match="The desk is running on beta"):
        moved(lived_in, empty)


def test_clusters_and_sessions_stay_behind(lived_in, empty):
    with desk_in(lived_in):
        ClusterFactory()
    moved(lived_in, empty)
    with desk_in(empty):
        assert not Cluster.objects.exists()


def test_a_desk_of_another_version_is_refused(lived_in, empty):
    with closing(sqlite3.connect(lived_in["NAME"], isolation_level=None)) as hand:
        hand.execute("DELETE FROM django_migrations WHERE app = 'tickets' AND name NOT LIKE '0001%'")
    with pytest.raises(CommandError, match=r"Run manage\.py migrate first"):
        moved(lived_in, empty)


def test_a_desk_in_use_is_refused(lived_in, empty):
    with desk_in(empty):
        UserFactory()
    with pytest.raises(CommandError, match="is in use"):
        moved(lived_in, empty)


def test_nobody_writes_to_the_old_desk_meanwhile(lived_in, empty, monkeypatch):
    refused = []

    def write_and_load(source, target, *, say):
        with closing(sqlite3.connect(lived_in["NAME"], timeout=0)) as hand:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                hand.execute("DELETE FROM tickets_rule")
            refused.append(1)
        return load(source, target, say=say)

    load = moving.load
    monkeypatch.setattr(moving, "load", write_and_load)
    moved(lived_in, empty)
    assert refused == [1]


def tamper(database):
    with closing(sqlite3.connect(database["NAME"], isolation_level=None)) as hand:
        hand.execute("UPDATE escalation_clock SET paused_seconds = paused_seconds + 1")


def test_what_did_not_match_before_moves_along_and_is_named(lived_in, empty):
    tamper(lived_in)
    assert "4 of 4 SLAs do not match the ledger." in moved(lived_in, empty)


def test_a_ledger_that_only_the_copy_fails_is_not_moved(lived_in, empty, monkeypatch):
    def load_and_tamper(source, target, *, say):
        rows = load(source, target, say=say)
        connection.cursor().execute("UPDATE escalation_clock SET paused_seconds = paused_seconds + 1")
        return rows

    load = moving.load
    monkeypatch.setattr(moving, "load", load_and_tamper)
    before = all_rows(empty)
    with pytest.raises(CommandError, match="The ledger does not match there; nothing was moved"):
        moved(lived_in, empty)
    assert all_rows(empty) == before


def test_an_address_that_is_none_is_refused(lived_in):
    with desk_in(lived_in), pytest.raises(CommandError, match="no address that begins with"):
        call_command("move_desk", "desk.sqlite3")


@pytest.mark.postgresql
@pytest.mark.parametrize("seed", [2, 3])
def test_sqlite_moves_to_postgresql_exactly(lived_in, empty_postgresql, seed):
    with desk_in(lived_in):
        live_through_a_week(seed)
    wanted = all_rows(lived_in)
    assert "All 8 SLAs match the ledger." in moved(lived_in, empty_postgresql)
    assert all_rows(empty_postgresql) == wanted
    with desk_in(empty_postgresql):
        newest = User.objects.latest("pk").pk
        assert UserFactory().pk == newest + 1
        assert prove_all().mismatches == ()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated")
            assert cursor.fetchone() == (0,)


@pytest.mark.postgresql
def test_postgresql_moves_back_to_sqlite(lived_in, empty_postgresql, empty):
    moved(lived_in, empty_postgresql)
    moved(empty_postgresql, empty)
    assert all_rows(empty) == all_rows(lived_in)


@pytest.mark.postgresql
def test_what_postgresql_cannot_store_is_named_and_a_second_move_succeeds(lived_in, empty_postgresql):
    with desk_in(lived_in):
        entry = TimelineEntry.objects.first()
        TimelineEntry.objects.filter(pk=entry.pk).update(fact="x" * 200)
    before = all_rows(empty_postgresql)
    with pytest.raises(CommandError, match=r"A row of tickets_timelineentry .* value too long"):
        moved(lived_in, empty_postgresql)
    assert all_rows(empty_postgresql) == before
    with desk_in(lived_in):
        TimelineEntry.objects.filter(pk=entry.pk).update(fact=entry.fact)
    moved(lived_in, empty_postgresql)
    assert all_rows(empty_postgresql) == all_rows(lived_in)
