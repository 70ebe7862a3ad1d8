"""What somebody with the database's password changes in the ledger shows, on both databases."""

import json
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from escalation.clocks import ledger_guard
from escalation.clocks.line_hashes import FORM, hash_of_form
from escalation.lib.merkle import root_of
from escalation.models import Clock, ClockEvent, Seal, SealedLine
from escalation.proof.manifest_proof import check_against, newest_seal
from escalation.proof.sealing import SealedContent, hash_of_seal, seal_ledger
from escalation.proof.whole_proof import prove_all, prove_new
from tests.factories import AdminFactory, StaffProfileFactory
from tests.talk import answered, asked, minute, opened
from tickets.choices import Priority
from tickets.models import Message

pytestmark = pytest.mark.django_db
LINES = "escalation_clockevent"


@pytest.fixture
def ticket():
    """A kept and a running promise, and the kept and running promises of another ticket."""
    StaffProfileFactory(user=AdminFactory())
    other, ticket = opened(priority=Priority.P1), opened(priority=Priority.P2)
    for each in (other, ticket):
        answered(each, 20)
        asked(each, 40)
    return ticket


@pytest.fixture
def clock(ticket):
    return ticket.clocks.get(kind="first_response")


@pytest.fixture
def sealed(clock):
    """The same, sealed, with what the manifest of a pack holds of it."""
    seal_ledger(at=minute(60))
    return json.dumps({"seal": newest_seal()}).encode()


def settle_constraints():
    """PostgreSQL changes no table with constraints that wait for the end of the transaction."""
    if connection.vendor == "postgresql":
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")


@contextmanager
def unguarded():
    """Without triggers and constraints, as whoever owns the tables can work; all stand again afterwards."""
    settle_constraints()
    with connection.cursor() as cursor:
        for statement in ledger_guard.dropping(connection, *ledger_guard.KEYS):
            cursor.execute(statement)
        yield cursor
    ledger_guard.create_guards()


def sql(statement, *params):
    adapt = connection.ops.adapt_datetimefield_value
    with unguarded() as cursor:
        cursor.execute(
            statement, [adapt(value) if isinstance(value, datetime) else value for value in params]
        )


def problems():
    """What the proof of the whole says; the nightly one says no less of what is new."""
    whole = [str(mismatch) for mismatch in prove_all().mismatches]
    assert set(map(str, prove_new(now=minute(70)).mismatches)) == set(whole)
    return whole


def lines_of(clock):
    return ClockEvent.objects.filter(clock=clock).order_by("pk")


def forge(line, *, previous=None, **values):
    """Write these values into a line with the hash that belongs to them."""
    columns = (*FORM.values(), "words")
    row = {**ClockEvent.objects.filter(pk=line.pk).values(*columns).get(), **values}
    words = bytes(row["words"]) if row["words"] is not None else None
    form = {member: row[name] for member, name in FORM.items()}
    row["hash"] = hash_of_form(form, previous=previous, words=words)
    with unguarded():
        super(type(ClockEvent.objects.all()), ClockEvent.objects.filter(pk=line.pk)).update(**row)
    return row["hash"]


def forge_chain(clock, **values):
    """Compute the hashes of a clock anew after a change of its last line."""
    previous = None
    *before, last = lines_of(clock)
    for line in before:
        previous = forge(line, previous=previous)
    forge(last, previous=previous, **values)


def test_an_untouched_ledger_shows_nothing(sealed):
    assert problems() == []
    assert check_against(sealed) == ""


# Refused by the database itself.


@pytest.mark.parametrize("table", ledger_guard.KEYS)
def test_a_line_or_seal_is_neither_changed_nor_deleted(sealed, table):
    key = ledger_guard.KEYS[table][0][0]
    for statement in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            connection.cursor().execute(statement)


@pytest.mark.parametrize("table", ledger_guard.KEYS)
def test_a_table_is_not_emptied_and_a_row_not_replaced(sealed, table):
    settle_constraints()
    if connection.vendor == "postgresql":
        statement = f"TRUNCATE {table} CASCADE"
    else:
        statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="only SQLite has REPLACE")
def test_a_place_in_a_seal_is_not_given_to_another_line(sealed):
    row = SealedLine.objects.order_by("position").first()
    statement = "INSERT OR REPLACE INTO escalation_sealedline (line, clock, seal_id, position, leaf) VALUES "
    values = [999, row.clock, row.seal_id, row.position, b"0"]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(f"{statement} (%s, %s, %s, %s, %s)", values)


# Done by the owner of the tables, and named.


def test_a_dropped_trigger_is_named(sealed):
    with unguarded():
        named = problems()
    assert len(named) == (6 if connection.vendor == "postgresql" else 9)
    assert all("missing or switched off" in problem for problem in named)
    assert problems() == []


def test_a_trigger_that_does_nothing_is_named(sealed):
    if connection.vendor == "postgresql":
        harmless = (
            "CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$"
        )
        statements = [harmless.format(ledger_guard.FUNCTION)]
    else:
        name = f"{LINES}_no_update"
        harmless = f"CREATE TRIGGER {name} BEFORE UPDATE ON {LINES} BEGIN SELECT 1; END"
        statements = [f"DROP TRIGGER {name}", harmless]
    for statement in statements:
        connection.cursor().execute(statement)
    assert any("missing or switched off" in problem for problem in problems())
    ledger_guard.create_guards()
    assert problems() == []


def test_a_trigger_that_is_switched_off_is_named(sealed):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no switch")
    settle_constraints()
    connection.cursor().execute(f"ALTER TABLE {LINES} DISABLE TRIGGER ALL")
    assert any(f"{LINES}_append_only" in problem for problem in problems())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("cause", "As agreed."),
        ("at", minute(1)),
        ("recorded_at", minute(1)),
        ("due_after", minute(900)),
        ("data", '{"forged": true}'),
        ("words", b"\x00" * 32),
        ("hash", b"\x00" * 32),
        ("hash", None),
    ],
)
def test_a_changed_line_is_named(sealed, clock, column, value):
    last = lines_of(clock).last()
    sql(f"UPDATE {LINES} SET {column} = %s WHERE id = %s", value, last.pk)
    assert any(f"SLA {clock.pk}" in problem for problem in problems())


def test_another_holder_is_named(sealed, clock):
    sql(f"UPDATE {LINES} SET holder_id = %s WHERE clock_id = %s", AdminFactory().pk, clock.pk)
    assert any(f"SLA {clock.pk}" in problem for problem in problems())


def test_a_line_that_says_what_another_said_is_named(sealed, clock):
    first, last = lines_of(clock)
    sql(f"UPDATE {LINES} SET hash = %s WHERE id = %s", bytes(first.hash), last.pk)
    assert any(f"SLA {clock.pk}" in problem for problem in problems())


def test_a_line_that_went_to_another_clock_is_named(sealed, clock):
    other = Clock.objects.exclude(ticket=clock.ticket).get(kind="first_response")
    sql(f"UPDATE {LINES} SET clock_id = %s WHERE id = %s", other.pk, lines_of(clock).last().pk)
    named = problems()
    assert any(f"SLA {clock.pk}" in problem for problem in named)
    assert any(f"SLA {other.pk}" in problem for problem in named)


def test_two_clocks_that_changed_their_histories_are_named(sealed, clock):
    other = Clock.objects.exclude(ticket=clock.ticket).get(kind="first_response")
    sql(
        f"UPDATE {LINES} SET clock_id = CASE clock_id WHEN %s THEN %s ELSE %s END WHERE clock_id IN (%s, %s)",
        clock.pk, other.pk, clock.pk, clock.pk, other.pk,
    )  # fmt: skip
    assert any("not as seal 1 covers it" in problem for problem in problems())


def test_a_removed_last_line_is_named_although_its_clock_was_set_back(sealed, clock):
    sql(f"DELETE FROM {LINES} WHERE id = %s", lines_of(clock).last().pk)
    Clock.objects.filter(pk=clock.pk).update(state="cancelled", stopped_at=None, answered_by=None)
    Clock.objects.filter(pk=clock.pk).update(state="running")
    assert any("missing from the ledger" in problem for problem in problems())


def remove(clock):
    with unguarded() as cursor:
        cursor.execute(f"DELETE FROM {LINES} WHERE clock_id = %s", [clock.pk])
        cursor.execute("DELETE FROM escalation_clock WHERE id = %s", [clock.pk])


def test_a_removed_clock_is_named_by_the_seal_that_covers_it(sealed, clock):
    remove(clock)
    assert f"SLA {clock.pk}: a line that seal 1 covers is missing from the ledger." in problems()


def test_the_removed_clock_of_an_unsealed_ticket_is_named_by_what_the_customer_wrote(ticket):
    alone = opened(50, priority=Priority.P2)
    remove(alone.clocks.get())
    assert f"{alone.number}: the customer wrote, but no promise of an answer is recorded." in problems()


def test_the_removed_promise_of_a_later_question_is_named_by_who_waits(ticket):
    remove(ticket.clocks.get(stopped_at=None))
    assert problems() == [f"{ticket.number}: the customer waits for an answer, but none is promised."]


def test_a_forged_answer_is_named(ticket):
    running = ticket.clocks.get(stopped_at=None)
    columns = {"clock_id": running.pk, "change": "met", "at": minute(41), "recorded_at": minute(41)}
    ClockEvent(
        **columns, holder=ticket.owner, state_before="running", state_after="met",
        due_before=running.due_at, due_after=running.due_at,
    ).save()  # fmt: skip
    Clock.objects.filter(pk=running.pk).update(state="met", stopped_at=minute(41), next_step_at=None)
    assert any("hash of line 2" in problem for problem in problems())


def test_a_promise_that_is_inserted_into_the_past_is_named(sealed, ticket):
    answered(ticket, 5990)
    seal_ledger(at=minute(6000))
    other = opened(6010, priority=Priority.P2)
    forge(lines_of(other.clocks.get()).get(), recorded_at=minute(10))
    seal_ledger(at=minute(6060))
    assert any("inserted after them" in str(mismatch) for mismatch in prove_all().mismatches)


@pytest.mark.parametrize("column", ["body", "quoted", "html", "reached", "sender_address"])
def test_other_words_of_the_answer_are_named(sealed, clock, column):
    Message.objects.filter(pk=clock.answered_by_id).update(**{column: "It works again."})
    assert any("has other words or times than it had" in problem for problem in problems())


def test_another_time_of_the_answer_or_the_question_is_named(sealed, clock):
    Message.objects.filter(pk=clock.answered_by_id).update(at=minute(1))
    assert any("ended it has another time than it had" in problem for problem in problems())
    Message.objects.filter(pk=clock.answered_by_id).update(at=clock.stopped_at)
    assert problems() == []
    for column in ("at", "created_at"):
        right = Message.objects.filter(pk=clock.started_by_id).values_list(column, flat=True).get()
        Message.objects.filter(pk=clock.started_by_id).update(**{column: minute(-1)})
        assert any("other words or times than it had" in problem for problem in problems())
        Message.objects.filter(pk=clock.started_by_id).update(**{column: right})
    assert problems() == []


def test_a_salt_that_was_taken_away_is_named(sealed, clock):
    Message.objects.filter(pk=clock.answered_by_id).update(salt=None)
    assert any("has other words or times than it had" in problem for problem in problems())


@pytest.mark.parametrize("column", ["root", "hash", "previous", "lines", "sealed_at", "unlinked_until"])
def test_a_changed_seal_is_named(sealed, column):
    value = {"lines": 1, "sealed_at": minute(1), "unlinked_until": 10**6}.get(column, b"\x01" * 32)
    sql(f"UPDATE escalation_seal SET {column} = %s", value)
    assert any("Seal 1" in problem or "seal 1" in problem for problem in problems())
    assert check_against(sealed)


def test_a_removed_seal_is_named(sealed, ticket):
    answered(ticket, 65)
    seal_ledger(at=minute(66))
    with unguarded() as cursor:
        cursor.execute("DELETE FROM escalation_sealedline WHERE seal_id = 1")
        cursor.execute("DELETE FROM escalation_seal WHERE number = 1")
    assert "The seal before seal 2 is missing." in [str(mismatch) for mismatch in prove_all().mismatches]
    assert check_against(sealed) == "Seal 1, which the manifest names, is missing."


def test_a_line_that_the_seal_forgets_is_named(sealed, clock):
    sql("DELETE FROM escalation_sealedline WHERE line = %s", lines_of(clock).last().pk)
    assert "What seal 1 covers was changed." in problems()


def compute_anew():
    """Write every seal again over the ledger as it is, as somebody does who knows this code."""
    rows = ClockEvent.objects.order_by("pk").values_list("pk", "clock_id", "hash", "words", *FORM.values())
    contents = list(map(SealedContent.of, rows))
    leaves = [content.leaf for content in contents]
    seal = Seal.objects.get()
    seal.lines, seal.root = len(leaves), root_of(leaves)
    with unguarded() as cursor:
        cursor.execute("DELETE FROM escalation_sealedline")
        SealedLine.objects.bulk_create(
            SealedLine(line=each.line, clock=each.clock, seal=seal, position=place, leaf=each.leaf)
            for place, each in enumerate(contents)
        )
        seal.hash = hash_of_seal(seal)
        seal.save(update_fields=["lines", "root", "hash"])


def test_a_chain_that_was_computed_anew_shows_beside_a_manifest_that_left_the_desk(sealed, clock):
    forge_chain(clock, cause="As agreed.")
    assert problems() != []
    compute_anew()
    assert problems() == []
    assert "computed anew" in check_against(sealed)


def test_later_lines_do_not_disturb_an_old_manifest(sealed, ticket):
    answered(ticket, 65)
    seal_ledger(at=minute(66))
    assert check_against(sealed) == ""
    assert problems() == []


def test_a_lowered_due_time_in_the_row_is_named(sealed, clock):
    Clock.objects.filter(pk=clock.pk).update(due_at=clock.due_at + timedelta(hours=1))
    assert any("differs from its ledger" in problem for problem in problems())
