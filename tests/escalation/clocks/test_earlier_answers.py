"""A call that took place before another answer and was written down after it: what is true is what happened first."""

import pytest

from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.sweep import sweep
from escalation.models import Clock
from tests.factories import AdminFactory, ContactFactory, CustomerFactory, staff
from tests.talk import answered, asked, called, clock_of, minute, opened, promised
from tickets.choices import Priority, Status
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact():
    manager = staff("ann", reports_to=staff("boss", groups=["Team lead"]))
    return ContactFactory(customer=CustomerFactory(account_manager=manager))


@pytest.fixture
def ticket(contact):
    return opened(contact=contact, priority=Priority.P1)


@pytest.fixture(autouse=True)
def proven():
    yield
    assert verify().mismatches == ()


def test_a_call_in_time_keeps_a_promise_that_a_later_reply_had_broken(ticket):
    answered(ticket, 250)
    call = called(ticket, 260, happened=100)
    clock = clock_of(ticket)
    assert (clock.state, clock.stopped_at, clock.answered_by) == (ClockState.MET, minute(100), call)
    changes = list(clock.events.order_by("pk").values_list("change", flat=True))
    assert changes[-3:] == [ClockChange.BREACHED, ClockChange.ANSWERED_LATE, ClockChange.MET]


@pytest.mark.parametrize("replies", [200, 250])
def test_a_call_that_was_late_itself_says_when_the_customer_was_answered(ticket, replies):
    answered(ticket, replies + 100)
    called(ticket, replies + 110, happened=replies)
    clock = clock_of(ticket)
    assert (clock.stopped_at, clock.state == ClockState.MET) == (minute(replies), replies == 200)


def test_what_was_asked_after_the_call_is_answered_by_the_reply(ticket):
    question = asked(ticket, 120)
    reply = answered(ticket, 250)
    called(ticket, 260, happened=100)
    first, second = promised().order_by("started_at")
    assert (first.kind, first.stopped_at) == (ClockKind.FIRST_RESPONSE, minute(100))
    assert (second.kind, second.started_by, second.answered_by) == (
        ClockKind.NEXT_RESPONSE,
        question,
        reply,
    )
    assert (second.due_at, second.state) == (minute(360), ClockState.MET)


def test_what_was_asked_after_the_call_may_have_been_answered_late(ticket):
    asked(ticket, 120)
    answered(ticket, 400)
    called(ticket, 410, happened=100)
    second = promised().order_by("started_at").last()
    assert (second.due_at, second.breached_at, second.stopped_at) == (minute(360), minute(360), minute(400))


def test_a_reply_that_was_given_earlier_than_the_call_stays_the_answer(ticket):
    reply = answered(ticket, 50)
    called(ticket, 260, happened=100)
    assert clock_of(ticket).answered_by == reply


def test_an_update_by_phone_keeps_the_promise_of_one(contact):
    ticket = opened(contact=contact, priority=Priority.P0)
    answered(ticket, 10)
    answered(ticket, 100)
    called(ticket, 110, happened=50)
    updates = Clock.objects.filter(ticket=ticket, kind=ClockKind.UPDATE).order_by("started_at")
    assert [(clock.started_at, clock.stopped_at, clock.state) for clock in updates] == [
        (minute(10), minute(50), ClockState.MET),
        (minute(50), minute(100), ClockState.MET),
        (minute(100), None, ClockState.RUNNING),
    ]


def test_a_ticket_closed_over_a_question_that_a_call_had_answered_owed_nothing(ticket):
    set_status(
        ticket=ticket, status=Status.CLOSED, actor=staff("eve"), at=minute(100), reason="They are gone."
    )
    call = called(ticket, 110, happened=60)
    clock = clock_of(ticket)
    assert (clock.state, clock.stopped_at, clock.answered_by) == (ClockState.MET, minute(60), call)
    assert clock.breached_at is None


def test_a_question_asked_anew_by_reopening_waits_no_more_once_the_call_is_known(ticket):
    lead = AdminFactory()
    set_status(ticket=ticket, status=Status.CLOSED, actor=lead, at=minute(100), reason="They are gone.")
    set_status(ticket=ticket, status=Status.OPEN, actor=lead, at=minute(130), reason="They are not.")
    assert promised().open().filter(ticket=ticket).exists()
    called(ticket, 140, happened=60)
    ticket.refresh_from_db()
    assert (promised().open().filter(ticket=ticket).count(), ticket.unanswered_since) == (0, None)


@pytest.mark.parametrize("swept", [True, False])
def test_it_does_not_depend_on_who_looked_when(ticket, swept):
    for at in (241, 255, 300) if swept else ():
        sweep(now=minute(at))
    answered(ticket, 301)
    called(ticket, 310, happened=239)
    assert clock_of(ticket).state == ClockState.MET
