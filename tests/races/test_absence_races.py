"""Absences and drills under races, on PostgreSQL: each ticket moves once, each question is decided once."""

import pytest
from django.contrib.auth.models import User

from customers.models import Departure
from escalation.absences.leaving import follow_departures
from escalation.absences.moving import move_from_absent
from escalation.absences.returning import keep, offer_back, take_back
from escalation.choices import NoticeKind
from escalation.drills.drills import start_drill
from escalation.models import AbsenceMove, Drill, Notification
from tests.factories import AbsenceFactory, ContactFactory, CustomerFactory, set_desk, staff
from tests.races.test_races import at_once
from tests.talk import answered, minute, opened
from tickets.choices import MessageKind, Priority
from tickets.errors import DeskError
from tickets.models import Message, Ticket
from tickets.services.ownership import assign

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

TICKETS = 40


@pytest.fixture
def bob():
    boss = staff("boss", groups=["Duty manager"])
    set_desk(duty_manager=boss, intake_owner=boss)
    return staff("bob")


@pytest.fixture
def tickets(bob):
    """Ann's, who is away from minute 10 on; nobody answered any of them."""
    ann = staff("ann", deputy=bob)
    contact = ContactFactory(customer=CustomerFactory(account_manager=ann))
    opened_tickets = [opened(contact=contact, priority=Priority.P2) for _each in range(TICKETS)]
    AbsenceFactory(user=ann, starts_at=minute(10), ends_at=minute(100))
    return opened_tickets


def test_four_runs_and_four_people_who_answer_move_each_ticket_at_most_once(tickets, bob):
    def answering(part):
        def work():
            for ticket in tickets[part : TICKETS // 2 : 4]:
                answered(ticket, 11, actor=ticket.owner)

        return work

    runs = [lambda: move_from_absent(now=minute(11))] * 4
    at_once([*runs, *(answering(part) for part in range(4))])
    move_from_absent(now=minute(12))
    moved = list(AbsenceMove.objects.values_list("ticket", flat=True))
    assert len(moved) == len(set(moved))
    assert {ticket.pk for ticket in tickets[TICKETS // 2 :]} <= set(moved)
    assert Message.objects.filter(kind=MessageKind.NOTE).count() == len(moved)
    assert Notification.objects.filter(kind=NoticeKind.AWAY_TO_YOU).count() == len(moved)
    assert set(Ticket.objects.filter(owner=bob).values_list("pk", flat=True)) == set(moved)


def test_four_runs_notice_a_departure_once_and_move_each_ticket_once(tickets, bob):
    ann = tickets[0].owner
    User.objects.filter(pk=ann.pk).update(is_active=False)
    at_once([lambda: follow_departures(now=minute(5))] * 4)
    follow_departures(now=minute(6))
    assert Departure.objects.count() == 1
    assert Notification.objects.filter(kind=NoticeKind.SOMEBODY_LEFT).count() == 1
    assert Notification.objects.filter(kind=NoticeKind.LEFT_TO_YOU).count() == TICKETS
    assert AbsenceMove.objects.count() == TICKETS
    assert set(Ticket.objects.values_list("owner", flat=True)) == {bob.pk}


def test_a_colleague_who_reassigns_meanwhile_is_not_overruled(tickets, bob):
    cy = staff("cy")

    def reassign():
        for ticket in reversed(tickets):
            assign(ticket=ticket, to=cy, actor=bob, at=minute(11), reason="mine")

    at_once([lambda: move_from_absent(now=minute(11)), reassign])
    assert set(Ticket.objects.values_list("owner__username", flat=True)) == {"cy"}


def test_many_runs_at_once_offer_a_ticket_back_once(tickets):
    move_from_absent(now=minute(10))
    at_once([lambda: offer_back(now=minute(100))] * 4)
    offer_back(now=minute(101))
    assert Notification.objects.filter(kind=NoticeKind.BACK).count() == 1
    assert AbsenceMove.objects.offered().count() == TICKETS


def test_a_ticket_taken_back_and_kept_at_once_is_decided_once(tickets, bob):
    move_from_absent(now=minute(10))
    offer_back(now=minute(100))
    move = AbsenceMove.objects.order_by("pk")[0]

    def tried(service, actor):
        def work():
            try:
                return service(move=move, actor=actor, at=minute(101)).settled_as
            except DeskError:
                return None

        return work

    results = at_once([tried(take_back, move.from_owner), tried(keep, bob)])
    [won] = filter(None, results)
    move.refresh_from_db()
    assert move.settled_as == won
    assert move.ticket.owner == (bob if won == "kept" else move.from_owner)


def test_two_managers_start_one_drill(bob):
    boss = staff("lee", groups=["Support director"])

    def start():
        try:
            return start_drill(actor=boss, at=minute(0), reason="both").number
        except DeskError as refusal:
            return str(refusal)

    results = at_once([start] * 2)
    drill = Drill.objects.get()
    assert sorted(results) == sorted(
        [drill.ticket.number, f"A fire drill is already running: {drill.ticket.number}. End it first."]
    )
