"""How promises end: nothing that fell due before is forgotten, and a ticket that is over owes nothing."""

import pytest

from escalation.choices import ClockKind, ClockState
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.sweep import sweep
from escalation.models import Clock, Notification
from tests.factories import AdminFactory, ContactFactory, CustomerFactory, staff
from tests.talk import answered, asked, bounced, called, clock_of, minute, opened, promised, words
from tickets.choices import Priority, Status
from tickets.services.conversation import add_automatic_message
from tickets.services.failed_responses import void_response
from tickets.services.late_words import mark_as_person
from tickets.services.merging import merge
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact():
    manager = staff("ann", reports_to=staff("boss", groups=["Team lead"]))
    return ContactFactory(customer=CustomerFactory(account_manager=manager))


@pytest.fixture
def lead():
    return AdminFactory()


@pytest.fixture(autouse=True)
def proven():
    """Whatever happened, the ledger proves it and nothing that is over owes anything."""
    yield
    assert verify().mismatches == ()
    assert not Clock.objects.open().filter(ticket__status__in=(Status.RESOLVED, Status.CLOSED)).exists()


def updates(ticket):
    return Clock.objects.filter(ticket=ticket, kind=ClockKind.UPDATE).order_by("pk")


# What fell due before


@pytest.mark.parametrize("swept", [True, False])
def test_a_merge_forgets_no_breach_that_nobody_has_noticed(contact, lead, swept):
    first, second = opened(0, contact=contact), opened(5, contact=contact)
    if swept:
        sweep(now=minute(36))
    merge(ticket=second, into=first, actor=lead, at=minute(40))
    assert [clock.state for clock in promised().order_by("pk")] == [ClockState.BREACHED] * 2


@pytest.mark.parametrize("swept", [True, False])
def test_a_resolution_forgets_no_update_that_was_due(contact, lead, swept):
    ticket = opened(contact=contact)
    answered(ticket, 5)
    if swept:
        sweep(now=minute(66))
    set_status(ticket=ticket, status=Status.RESOLVED, actor=lead, at=minute(90), reason="Restored.")
    assert [clock.state for clock in updates(ticket)] == [ClockState.BREACHED]


def test_an_update_that_was_not_due_yet_ends_with_the_incident(contact, lead):
    ticket = opened(contact=contact)
    answered(ticket, 5)
    set_status(ticket=ticket, status=Status.RESOLVED, actor=lead, at=minute(60), reason="Restored.")
    assert [clock.state for clock in updates(ticket)] == [ClockState.CANCELLED]


# What is over owes nothing


@pytest.mark.parametrize("status", [Status.OPEN, Status.WAITING])
def test_an_open_matter_that_is_merged_into_a_resolved_one_opens_it(contact, lead, status):
    done = opened(0, contact=contact, priority=Priority.P2)
    answered(done, 3, then=Status.RESOLVED)
    incident = opened(10, contact=contact)
    answered(incident, 15, then=status)
    merge(ticket=incident, into=done, actor=lead, at=minute(20))
    done.refresh_from_db()
    assert done.status == status
    assert [(clock.state, clock.due_at) for clock in updates(done)] == [(ClockState.RUNNING, minute(75))]


def test_a_resolved_matter_that_is_merged_into_a_resolved_one_opens_nothing(contact, lead):
    tickets = [opened(at, contact=contact) for at in (0, 1)]
    for ticket in tickets:
        answered(ticket, 5, then=Status.RESOLVED)
    merge(ticket=tickets[1], into=tickets[0], actor=lead, at=minute(20))
    tickets[0].refresh_from_db()
    assert tickets[0].status == Status.RESOLVED


def test_the_update_of_an_incident_that_stays_resolved_does_not_run_again(contact, lead):
    """The bounced update is not the one that resolved the ticket."""
    ticket = opened(contact=contact)
    answered(ticket, 5)
    update = answered(ticket, 20)
    set_status(ticket=ticket, status=Status.RESOLVED, actor=lead, at=minute(30), reason="Restored.")
    bounced(update, 40)
    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED
    assert [(clock.state, clock.stopped_at) for clock in updates(ticket)] == [
        (ClockState.CANCELLED, minute(30)),
        (ClockState.CANCELLED, minute(30)),
    ]


# The answer that resolved did not arrive


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_a_ticket_whose_solution_bounced_is_opened_again(contact, status):
    ticket = opened(contact=contact, priority=Priority.P2)
    answered(ticket, 5)
    solution = answered(ticket, 30, then=status)
    bounced(solution, 40)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.resolved_at, ticket.closed_at) == (Status.OPEN, None, None)
    assert clock_of(ticket).state == ClockState.MET
    assert Notification.objects.filter(recipient=ticket.owner, created_at=minute(40)).exists()


def test_what_an_incident_owed_before_its_solution_bounced_runs_on(contact):
    ticket = opened(contact=contact)
    answered(ticket, 5)
    bounced(answered(ticket, 30, then=Status.RESOLVED), 40)
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    assert [(clock.state, clock.due_at, clock.stopped_at) for clock in updates(ticket)] == [
        (ClockState.RUNNING, minute(65), None)
    ]


def test_a_solution_on_the_phone_that_a_lead_voids_opens_the_ticket(contact, lead):
    ticket = opened(contact=contact)
    answered(ticket, 5)
    solution = called(ticket, 30, happened=25, then=Status.RESOLVED)
    void_response(message=solution, actor=lead, at=minute(40), reason="Nobody was told anything.")
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


def test_a_bounce_opens_no_ticket_that_was_resolved_again_since(contact, lead):
    ticket = opened(contact=contact)
    solution = answered(ticket, 5, then=Status.RESOLVED)
    set_status(ticket=ticket, status=Status.OPEN, actor=lead, at=minute(10), reason="More to do.")
    answered(ticket, 15, then=Status.RESOLVED)
    bounced(solution, 20)
    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED


def test_we_do_not_wait_for_a_customer_whom_the_question_never_reached(contact):
    ticket = opened(contact=contact)
    answered(ticket, 5)
    bounced(answered(ticket, 30, then=Status.WAITING), 40)
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


# Ended over an unanswered question


def test_a_contact_logged_on_a_closed_ticket_starts_no_promise(contact, lead):
    ticket = opened(contact=contact, priority=Priority.P2)
    answered(ticket, 5)
    asked(ticket, 40)
    set_status(ticket=ticket, status=Status.CLOSED, actor=lead, at=minute(60), reason="Duplicate.")
    called(ticket, 70, happened=30)
    ticket.refresh_from_db()
    assert ticket.unanswered_since is None
    assert promised().filter(ticket=ticket).count() == 2


def test_a_ticket_reopened_by_hand_owes_the_answer_that_nobody_gave(contact, lead):
    ticket = opened(contact=contact, priority=Priority.P2)
    set_status(ticket=ticket, status=Status.CLOSED, actor=lead, at=minute(60), reason="Spam, we thought.")
    set_status(ticket=ticket, status=Status.OPEN, actor=lead, at=minute(90), reason="It was not.")
    ticket.refresh_from_db()
    assert ticket.unanswered_since == minute(0)
    again = promised().get(ticket=ticket, stopped_at=None)
    assert (again.started_at, again.due_at) == (minute(90), minute(90 + 480))


def test_a_ticket_reopened_by_hand_after_an_answer_owes_none(contact, lead):
    ticket = opened(contact=contact, priority=Priority.P2)
    answered(ticket, 5, then=Status.RESOLVED)
    set_status(ticket=ticket, status=Status.OPEN, actor=lead, at=minute(90), reason="More to do.")
    ticket.refresh_from_db()
    assert ticket.unanswered_since is None
    assert not promised().filter(ticket=ticket, stopped_at=None).exists()


def test_a_ticket_that_a_persons_words_reopen_is_promised_one_answer_from_their_receipt(contact, lead):
    """Its own question of then was answered: nothing but the words that count now is promised."""
    ticket = opened(contact=contact, priority=Priority.P2)
    answered(ticket, 5, then=Status.RESOLVED)
    automatic = add_automatic_message(
        ticket=ticket, content=words("Still black."), received_at=minute(20), at=minute(20), contact=contact
    )
    mark_as_person(message=automatic, actor=lead, at=minute(30))
    later = promised().filter(ticket=ticket, kind=ClockKind.NEXT_RESPONSE)
    assert [(clock.state, clock.started_at) for clock in later] == [(ClockState.RUNNING, minute(20))]
