"""Absences move tickets with an open promise to the deputy: once, under the lock, recorded like any handover."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, transaction

from customers.models import Absence
from escalation.absences import moving
from escalation.absences.moving import move_from_absent
from escalation.choices import ClockChange, NoticeKind
from escalation.models import AbsenceMove, ClockEvent, Notification
from tests.factories import (
    NOW,
    AbsenceFactory,
    AdminFactory,
    ClockFactory,
    ContactFactory,
    CustomerFactory,
    TicketFactory,
    set_desk,
    staff,
)
from tests.talk import answered, asked, clock_of, minute, opened
from tickets.choices import Fact, MessageKind, OwnerRule, Priority, Status
from tickets.models import Message, Ticket
from tickets.services.ownership import assign, hand_over
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def boss():
    boss = staff("boss")
    set_desk(duty_manager=boss, intake_owner=boss)
    return boss


@pytest.fixture
def bob():
    return staff("bob")


@pytest.fixture
def ann(bob):
    return staff("ann", deputy=bob)


def ticket_of(owner, at=0.0, **more):
    contact = ContactFactory(customer=CustomerFactory(account_manager=owner))
    return opened(at, contact=contact, priority=more.pop("priority", Priority.P2), **more)


def away(user, start=10, end=1000):
    return AbsenceFactory(user=user, starts_at=minute(start), ends_at=minute(end))


def owner_of(ticket):
    return Ticket.objects.get(pk=ticket.pk).owner


def owned_by(user):
    return Ticket.objects.filter(owner=user).count()


def run(at):
    return move_from_absent(now=minute(at))


def test_an_unanswered_ticket_goes_to_the_deputy_when_the_absence_begins(ann, bob):
    ticket = ticket_of(ann)
    away(ann)
    assert run(9).moved == 0
    assert owner_of(ticket) == ann
    assert run(10).moved == 1
    assert owner_of(ticket) == bob


def test_a_move_writes_timeline_ledger_note_and_notification(ann, bob):
    ticket = ticket_of(ann)
    away(ann)
    run(10)
    line = ticket.timeline.get(fact=Fact.OWNER)
    assert (line.data["rule"], line.actor, line.reason) == (
        OwnerRule.ABSENCE,
        None,
        "User 1 is away.".replace("User 1", ann.get_full_name()),
    )
    event = ClockEvent.objects.get(clock=clock_of(ticket), change=ClockChange.HANDED_OVER)
    assert (event.holder, event.at, event.data["rule"]) == (bob, minute(10), OwnerRule.ABSENCE)
    note = ticket.messages.get(kind=MessageKind.NOTE)
    assert "is away" in note.body
    assert "The live room is black." in note.body
    notification = Notification.objects.get(kind=NoticeKind.AWAY_TO_YOU)
    assert (notification.recipient, notification.ticket, notification.other, notification.clock) == (
        bob,
        ticket,
        ann,
        clock_of(ticket),
    )


def test_a_second_run_moves_a_ticket_no_further(ann, bob):
    ticket = ticket_of(ann)
    away(ann)
    run(10)
    assert run(11).moved == 0
    assert AbsenceMove.objects.get().to_owner == bob
    assert ticket.messages.filter(kind=MessageKind.NOTE).count() == 1
    assert Notification.objects.filter(kind=NoticeKind.AWAY_TO_YOU).count() == 1


def test_the_database_refuses_a_second_move_of_a_ticket_for_one_absence(ann, bob):
    ticket = ticket_of(ann)
    absence = away(ann)
    run(10)
    with pytest.raises(IntegrityError), transaction.atomic():
        AbsenceMove.objects.create(absence=absence, ticket=ticket, from_owner=ann, moved_at=NOW)


def test_an_answered_ticket_that_is_not_overdue_stays(ann):
    ticket = ticket_of(ann)
    answered(ticket, 5)
    away(ann)
    assert run(10).moved == 0
    assert owner_of(ticket) == ann


@pytest.mark.parametrize("status", [Status.WAITING, Status.RESOLVED, Status.CLOSED])
def test_a_ticket_on_which_nothing_is_owed_stays(ann, status):
    ticket = ticket_of(ann)
    answered(ticket, 5, then=status)
    away(ann)
    assert run(10).moved == 0
    assert owner_of(ticket) == ann


def test_an_answered_ticket_with_an_overdue_promise_moves(ann, bob):
    ticket = TicketFactory(owner=ann, opened_at=NOW, status=Status.OPEN)
    ClockFactory(ticket=ticket, kind="update", minutes=5)
    ClockFactory(ticket=TicketFactory(owner=ann, opened_at=NOW), kind="update", minutes=11)
    away(ann)
    assert run(10).moved == 1
    assert owner_of(ticket) == bob


def test_a_paused_promise_is_not_overdue(ann):
    ticket = TicketFactory(owner=ann, opened_at=NOW, status=Status.WAITING)
    ClockFactory(ticket=ticket, kind="resolution", minutes=5, state="paused", paused_at=minute(1))
    away(ann)
    assert run(10).moved == 0


def test_a_customer_who_writes_during_the_absence_does_not_wait_for_its_end(ann, bob):
    ticket = ticket_of(ann)
    answered(ticket, 5)
    away(ann)
    run(10)
    asked(ticket, 60)
    assert run(61).moved == 1
    assert owner_of(ticket) == bob


def test_deputies_are_followed(ann, bob):
    cy = staff("cy")
    bob.staff_profile.deputy = cy
    bob.staff_profile.save()
    ticket = ticket_of(ann)
    away(ann)
    away(bob)
    run(10)
    assert owner_of(ticket) == cy


def test_deputies_in_a_circle_end_at_the_manager(ann, bob):
    mia = staff("mia")
    bob.staff_profile.deputy = ann
    bob.staff_profile.save()
    ann.staff_profile.reports_to = mia
    ann.staff_profile.save()
    ticket = ticket_of(ann)
    away(ann)
    away(bob)
    run(10)
    assert owner_of(ticket) == mia


def test_a_ticket_without_a_deputy_or_manager_goes_to_the_duty_manager(boss):
    dan = staff("dan")
    ticket = ticket_of(dan)
    away(dan)
    run(10)
    assert owner_of(ticket) == boss


def test_with_nobody_to_take_it_a_ticket_stays_and_the_superusers_are_told_once(boss):
    dan, root = staff("dan"), AdminFactory()
    AbsenceFactory(user=root, starts_at=minute(0), ends_at=minute(99))
    ticket = ticket_of(dan)
    away(dan)
    away(boss, end=30)
    assert run(10).stranded == 1
    assert run(11).stranded == 1
    assert owner_of(ticket) == dan
    notification = Notification.objects.get(kind=NoticeKind.NOBODY_STANDS_IN)
    assert (notification.recipient, notification.other) == (root, dan)
    assert run(30).moved == 1
    assert owner_of(ticket) == boss
    assert AbsenceMove.objects.get().to_owner == boss


def test_a_ticket_that_a_person_gives_to_an_absent_colleague_stays_there(ann, bob):
    ticket, other = ticket_of(ann), ticket_of(ann)
    away(ann)
    run(10)
    assign(ticket=ticket, to=ann, actor=bob, at=minute(20), reason="she asked for it")
    assert run(21).moved == 0
    assert owner_of(ticket) == ann
    assert owner_of(other) == bob


def test_a_ticket_that_an_absent_person_takes_over_stays_there(ann, boss):
    ticket = ticket_of(boss)
    away(ann)
    run(10)
    assign(ticket=ticket, to=ann, actor=ann, at=minute(20))
    run(21)
    assert owner_of(ticket) == ann


def test_a_ticket_given_before_the_absence_was_entered_moves(ann, bob, boss):
    ticket = ticket_of(boss)
    assign(ticket=ticket, to=ann, actor=boss, at=minute(20))
    away(ann, start=10)
    run(30)
    assert owner_of(ticket) == bob


def test_a_ticket_that_the_desk_gives_to_an_absent_person_moves_on(ann, bob, boss):
    away(ann)
    run(10)
    ticket = ticket_of(boss, at=11)
    with transaction.atomic():
        hand_over(ticket, ann, actor=None, at=minute(12), rule=OwnerRule.ON_DUTY, reason="")
    run(13)
    assert owner_of(ticket) == bob


def test_a_ticket_moves_once_per_absence_even_if_the_desk_gives_it_back(ann, bob):
    ticket = ticket_of(ann)
    away(ann)
    run(10)
    ticket = Ticket.objects.get(pk=ticket.pk)
    with transaction.atomic():
        hand_over(ticket, ann, actor=None, at=minute(12), rule=OwnerRule.ESCALATION, reason="")
    assert run(13).moved == 0
    assert owner_of(ticket) == ann


def test_an_absence_of_somebody_who_owes_nothing_costs_few_queries(ann, bob, count_queries):
    for user in (ann, bob, staff("cy"), staff("dee")):
        away(user)
    run(10)
    assert count_queries(lambda: run(11)) == 2


def test_thirty_tickets_cost_no_more_queries_than_three(ann, bob, boss, count_queries):
    away(ann)
    away(dan := staff("dan"))

    def costs(number):
        for each in range(number):
            ticket_of(ann if each % 2 else dan)
        return count_queries(lambda: run(10))

    few = costs(3)
    assert costs(30) == few == 25
    assert (owned_by(bob), owned_by(boss)) == (16, 17)


def test_thirty_tickets_without_a_stand_in_cost_no_more_queries_than_three(boss, count_queries):
    AdminFactory()
    away(dan := staff("dan"))
    away(boss)

    def costs(number):
        for _each in range(number):
            ticket_of(dan)
        return count_queries(lambda: run(10)), count_queries(lambda: run(11))

    few = costs(3)
    AbsenceMove.objects.all().delete()
    many = costs(27)
    assert many == few == (15, 13)
    assert AbsenceMove.objects.filter(to_owner=None).count() == 30


def test_earlier_stranded_tickets_and_new_ones_move_together(boss, count_queries):
    away(dan := staff("dan"))
    away(boss, end=30)
    old, new = ([ticket_of(dan) for _each in range(3)] for _kind in "on")
    for ticket in new:
        answered(ticket, 5)
    assert run(10).stranded == 3
    for ticket in new:
        asked(ticket, 20)
    assert run(30).moved == 6
    moved = AbsenceMove.objects.filter(to_owner=boss, moved_at=minute(30)).values_list("ticket", flat=True)
    assert set(moved) == {ticket.pk for ticket in (*old, *new)}
    assert AbsenceMove.objects.count() == 6


def failing_for(bad, fault, monkeypatch):
    """Write no summary of these tickets."""
    write = moving.write_handover_notes

    def failing(moves, **more):
        if {move.clock.ticket.pk for move in moves} & {ticket.pk for ticket in bad}:
            raise fault
        write(moves, **more)

    monkeypatch.setattr(moving, "write_handover_notes", failing)


def test_a_ticket_that_fails_spoils_no_other(ann, bob, monkeypatch):
    bad, *good = [ticket_of(ann) for _each in range(7)]
    failing_for([bad], RuntimeError("broken"), monkeypatch)
    away(ann)
    report = run(10)
    assert (report.moved, report.failed) == (6, 1)
    assert owner_of(bad) == ann
    assert {owner_of(ticket) for ticket in good} == {bob}
    assert not AbsenceMove.objects.filter(ticket=bad).exists()
    assert (
        AbsenceMove.objects.count() == Notification.objects.filter(kind=NoticeKind.AWAY_TO_YOU).count() == 6
    )


class Killed(BaseException):
    """As if the process ended there."""


def test_a_run_killed_between_two_batches_loses_and_duplicates_nothing(ann, bob, monkeypatch):
    monkeypatch.setattr(moving, "BATCH", 2)
    tickets = [ticket_of(ann, at=each) for each in range(5)]
    away(ann)
    with monkeypatch.context() as broken:
        failing_for(tickets[2:3], Killed(), broken)
        with pytest.raises(Killed):
            run(10)
    assert [owner_of(ticket) for ticket in tickets] == [bob, bob, ann, ann, ann]
    assert run(11).moved == 3
    assert {owner_of(ticket) for ticket in tickets} == {bob}
    notified_tickets = Notification.objects.filter(kind=NoticeKind.AWAY_TO_YOU).values_list(
        "ticket", flat=True
    )
    notes = Message.objects.filter(kind=MessageKind.NOTE).values_list("ticket", flat=True)
    assert sorted(notified_tickets) == sorted(notes) == [ticket.pk for ticket in tickets]


def test_a_database_in_trouble_ends_the_run(ann, monkeypatch):
    ticket = ticket_of(ann)
    failing_for([ticket], OperationalError("gone"), monkeypatch)
    away(ann)
    with pytest.raises(OperationalError):
        run(10)
    assert owner_of(ticket) == ann


def test_a_run_stops_after_its_time_and_the_next_goes_on(ann, bob):
    for _each in range(3):
        ticket_of(ann)
    away(ann)
    report = move_from_absent(now=minute(10), seconds=0)
    assert (report.moved, report.left) == (0, 3)
    assert run(11).moved == 3


def test_the_run_moves_p0_first_then_the_longest_wait(ann):
    late = ticket_of(ann, at=5, priority=Priority.P3)
    early = ticket_of(ann, at=1, priority=Priority.P3)
    urgent = ticket_of(ann, at=8, priority=Priority.P1)
    away(ann)
    run(10)
    moved = AbsenceMove.objects.order_by("pk").values_list("ticket", flat=True)
    assert list(moved) == [urgent.pk, early.pk, late.pk]


def test_overlapping_absences_move_a_ticket_once(ann, bob):
    ticket = ticket_of(ann)
    first = away(ann)
    away(ann, start=5, end=500)
    assert run(10).moved == 1
    assert AbsenceMove.objects.get(ticket=ticket).absence == first


def test_overlapping_absences_with_nobody_to_take_a_ticket_tell_of_it_once(boss):
    AdminFactory()
    dan = staff("dan")
    for each in (dan, dan, boss):
        away(each)
    ticket_of(dan)
    assert (run(10).stranded, run(11).stranded) == (1, 1)
    assert Notification.objects.filter(kind=NoticeKind.NOBODY_STANDS_IN).count() == 1


def test_an_absence_that_is_over_or_gone_moves_nothing(ann):
    ticket = ticket_of(ann)
    away(ann, start=-50, end=10)
    assert run(10).moved == 0
    Absence.objects.all().delete()
    assert run(9).moved == 0
    assert owner_of(ticket) == ann


def test_an_absence_shortened_before_the_lock_moves_nothing(ann, monkeypatch):
    ticket = ticket_of(ann)
    absence = away(ann)
    lock = moving.lock_tickets_unless_busy

    def shortened(pks):
        Absence.objects.filter(pk=absence.pk).update(ends_at=minute(10) - timedelta(seconds=1))
        Absence.objects.filter(pk=absence.pk).update(ends_at=minute(10))
        return lock(pks)

    Absence.objects.filter(pk=absence.pk).update(starts_at=minute(1))
    monkeypatch.setattr(moving, "lock_tickets_unless_busy", shortened)
    assert run(10).settled == 1
    assert owner_of(ticket) == ann


def test_a_ticket_without_any_promise_moves_without_a_note(ann, bob):
    ticket = TicketFactory(owner=ann, unanswered_since=NOW)
    away(ann)
    run(10)
    assert owner_of(ticket) == bob
    assert not ticket.messages.exists()


def test_a_ticket_closed_meanwhile_does_not_move(ann, monkeypatch):
    ticket = ticket_of(ann)
    away(ann)
    lock = moving.lock_tickets_unless_busy

    def closed(pks):
        set_status(ticket=ticket, status=Status.CLOSED, actor=ann, at=minute(9), reason="twice opened")
        return lock(pks)

    monkeypatch.setattr(moving, "lock_tickets_unless_busy", closed)
    assert run(10).settled == 1
    assert owner_of(ticket) == ann
