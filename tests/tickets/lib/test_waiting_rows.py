"""Rows that wait for each other: seen by every query, gone with the piece that failed, and written once."""

from contextlib import suppress
from itertools import count

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, MailboxFactory, TicketFactory, UserFactory
from tickets.choices import Fact
from tickets.lib.bulk_insert import NewRow, insert_all
from tickets.lib.single_row import insert_row, update_row
from tickets.lib.waiting_rows import RowsRefused, forget, piece_of_work, recall, remember, written_together
from tickets.models import InboundEmail, Ticket, TimelineEntry

pytestmark = pytest.mark.django_db


class Broken(Exception):
    pass


@pytest.fixture
def owner():
    return UserFactory()


@pytest.fixture
def open_one(owner):
    """Opens a ticket with an entry of its timeline, without asking the database anything."""

    def open_one(subject):
        ticket = Ticket(subject=subject, priority=2, owner=owner, opened_at=NOW, updated_at=NOW)
        insert_row(ticket)
        insert_all(
            [NewRow(TimelineEntry, {"ticket_id": ticket.pk, "at": NOW, "fact": Fact.OPENED, "data": {}})]
        )
        return ticket

    return open_one


def subjects():
    return sorted(Ticket.objects.values_list("subject", flat=True))


def test_rows_of_many_pieces_go_out_together_and_need_no_savepoints(open_one):
    with CaptureQueriesContext(connection) as captured, written_together(9):
        for number in range(9):
            with piece_of_work():
                open_one(str(number))
    assert len(captured) == 3  # keys, tickets, entries
    assert subjects() == [str(number) for number in range(9)]
    assert TimelineEntry.objects.count() == 9


def test_a_query_sees_what_waits(open_one):
    with written_together(2):
        with piece_of_work():
            first = open_one("first")
        with piece_of_work():
            assert first.timeline.count() == 1
            open_one("second")
            assert subjects() == ["first", "second"]


def test_rows_are_written_as_they_were_when_they_were_inserted(open_one):
    with written_together(1), piece_of_work():
        ticket = open_one("before")
        ticket.subject = "after"
    assert subjects() == ["before"]


def test_a_row_can_be_saved_and_referred_to_while_it_waits(open_one, owner):
    with written_together(2), piece_of_work():
        first = open_one("first")
        insert_row(
            Ticket(subject="copy", priority=2, owner=owner, opened_at=NOW, updated_at=NOW, follows=first)
        )
        first.subject = "changed"
        first.save(update_fields=["subject"])
    assert Ticket.objects.get(follows=first).follows.subject == "changed"


def test_a_piece_that_fails_takes_its_rows_with_it(open_one):
    with written_together(3):
        for subject in ("first", "second", "third"):
            with suppress(Broken), piece_of_work():
                open_one(subject)
                if subject == "second":
                    raise Broken
    assert subjects() == ["first", "third"]
    assert TimelineEntry.objects.count() == 2


def test_a_piece_that_fails_takes_back_its_statements_and_spoils_no_other(open_one):
    with written_together(3):
        for subject in ("first", "second", "third"):
            with suppress(Broken), piece_of_work():
                ticket = open_one(subject)
                Ticket.objects.filter(pk=ticket.pk).update(scenario="voice")
                TicketFactory(subject=f"{subject} by Django")
                if subject == "second":
                    raise Broken
    assert subjects() == ["first", "first by Django", "third", "third by Django"]
    assert Ticket.objects.filter(scenario="voice").count() == 2


def test_what_a_failed_piece_wanted_after_the_commit_is_dropped(open_one, django_capture_on_commit_callbacks):
    def after_commit(word):
        transaction.on_commit(lambda: heard.append(word))

    heard = []
    with django_capture_on_commit_callbacks(execute=True), written_together(3):
        for subject, asks in (("first", False), ("second", True), ("third", False), ("fourth", True)):
            with suppress(Broken), piece_of_work():
                after_commit(f"{subject} early")
                if asks:
                    assert Ticket.objects.count() == 0
                after_commit(f"{subject} late")
                if subject in ("second", "third"):
                    raise Broken
    assert heard == ["first early", "first late", "fourth early", "fourth late"]


def test_a_block_inside_a_piece_can_fail_by_itself(open_one, owner):
    with written_together(2), piece_of_work():
        open_one("first")
        with pytest.raises(Broken), transaction.atomic():  # noqa: PT012 - the block is what fails
            open_one("second")
            raise Broken
        with pytest.raises(IntegrityError), transaction.atomic():  # noqa: PT012 - the block is what fails
            open_one("third")
            UserFactory(username=owner.username)
        open_one("fourth")
    assert subjects() == ["first", "fourth"]


def test_the_savepoint_of_a_piece_stands_before_blocks_that_were_open_already(open_one):
    depth = len(connection.savepoint_ids)
    with written_together(2):
        with piece_of_work(), transaction.atomic(savepoint=False):
            open_one("first")
            Ticket.objects.bulk_create([])
            assert subjects() == ["first"]
        with pytest.raises(Broken), piece_of_work(), transaction.atomic(savepoint=False):  # noqa: PT012 - the block is what fails
            open_one("second")
            assert subjects() == ["first", "second"]
            raise Broken
        assert len(connection.savepoint_ids) == depth
        assert not connection.needs_rollback
    assert subjects() == ["first"]


def test_an_error_of_the_database_that_a_piece_passes_over_ends_it(open_one, owner):
    with written_together(2):
        with piece_of_work():
            open_one("first")
        with pytest.raises(transaction.TransactionManagementError), piece_of_work():  # noqa: PT012 - the block is what fails
            open_one("second")
            with suppress(IntegrityError), transaction.atomic(savepoint=False):
                UserFactory(username=owner.username)
    assert subjects() == ["first"]


def twins(mailbox):
    for _turn in range(2):
        insert_row(
            InboundEmail(mailbox=mailbox, raw=b"", size=0, fingerprint="same", via="lmtp", received_at=NOW)
        )


def test_refused_rows_of_a_piece_under_way_are_its_own_fault(open_one):
    mailbox = MailboxFactory()
    with written_together(3):
        with piece_of_work():
            open_one("first")
        with pytest.raises(IntegrityError), piece_of_work():  # noqa: PT012 - the block is what fails
            twins(mailbox)
            open_one("second")
            Ticket.objects.count()
        with piece_of_work():
            open_one("third")
    assert subjects() == ["first", "third"]


def test_refused_rows_of_pieces_that_are_done_lose_the_transaction(open_one):
    mailbox = MailboxFactory()
    with pytest.raises(RowsRefused) as refused, transaction.atomic(), written_together(3):  # noqa: PT012 - the block is what fails
        with piece_of_work():
            twins(mailbox)
        with piece_of_work():
            open_one("second")
    assert isinstance(refused.value.__cause__, IntegrityError)
    assert subjects() == []


def test_a_refusal_cannot_be_passed_over(open_one):
    mailbox = MailboxFactory()
    with pytest.raises(RowsRefused), transaction.atomic(), written_together(3):  # noqa: PT012 - the block is what fails
        with piece_of_work():
            twins(mailbox)
        for subject in ("second", "third"):
            with pytest.raises(RowsRefused), piece_of_work():  # noqa: PT012 - the block is what fails
                open_one(subject)
                with suppress(RowsRefused):
                    Ticket.objects.count()
    assert subjects() == []


def test_keys_that_wait_are_given_to_nobody_else(open_one):
    with written_together(5):
        for number in range(3):
            with piece_of_work():
                open_one(f"ours {number}")
                TicketFactory(subject=f"Django's {number}")
    assert Ticket.objects.count() == 6
    assert TimelineEntry.objects.filter(ticket__subject__startswith="ours").count() == 3


def test_more_rows_than_were_expected_get_keys_too(open_one):
    with written_together(1), piece_of_work():
        for number in range(4):
            open_one(str(number))
    assert Ticket.objects.count() == 4


def test_of_two_changes_the_later_one_stands(open_one):
    tickets = [TicketFactory(subject="before", language="en") for _ in range(2)]
    with written_together(2):
        for ticket, subject in ((tickets[0], "first"), (tickets[1], "second"), (tickets[0], "third")):
            with piece_of_work():
                ticket.subject = subject
                update_row(ticket, ["subject"])
        with piece_of_work():
            tickets[1].subject, tickets[1].language = "fourth", "zh-hans"
            update_row(tickets[1], ["language", "subject"])
    assert [Ticket.objects.get(pk=ticket.pk).subject for ticket in tickets] == ["third", "fourth"]


def test_what_was_read_ahead_is_remembered_until_something_is_changed(open_one):
    ticket = TicketFactory()
    with written_together(2):
        remember("key", ticket)
        with piece_of_work():
            open_one("first")
            assert Ticket.objects.count() == 2
        assert recall("key") == ticket
        with piece_of_work():
            Ticket.objects.filter(pk=ticket.pk).update(subject="changed")
        assert recall("key") is None


def test_a_row_that_is_worked_with_is_forgotten():
    tickets = TicketFactory.create_batch(2)
    with written_together(1):
        for number, ticket in zip(count(), tickets, strict=False):
            remember(number, ticket)
        forget(Ticket.objects.get(pk=tickets[0].pk))
        assert (recall(0), recall(1)) == (None, tickets[1])


def test_outside_nothing_waits_and_nothing_is_remembered(open_one):
    with piece_of_work():
        open_one("first")
        assert subjects() == ["first"]
    remember("key", 1)
    assert recall("key") is None
