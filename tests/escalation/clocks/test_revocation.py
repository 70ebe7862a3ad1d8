"""An answer that did not count: all that it ended or held back is owed as if it had never been given."""

import pytest

from escalation.choices import ClockKind, ClockState
from escalation.clocks.ledger_verification import verify
from escalation.models import Clock
from tests.factories import AdminFactory, ContactFactory, CustomerFactory, staff
from tests.talk import answered, asked, bounced, called, minute, opened
from tickets.choices import OutboxState, Priority, Status
from tickets.models import OutboundEmail
from tickets.services.merging import merge
from tickets.services.outgoing.delivery import send_again
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident():
    """A P0 under the shipped policy: answer within 30 minutes, then an update every hour."""
    manager = staff("ann", reports_to=staff("boss", groups=["Team lead"]))
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=manager)))


@pytest.fixture(autouse=True)
def proven():
    yield
    assert verify().mismatches == ()
    assert not Clock.objects.open().filter(ticket__status__in=(Status.RESOLVED, Status.CLOSED)).exists()


def updates(ticket):
    """State, due time and end of each, in the order of their start."""
    clocks = Clock.objects.filter(ticket=ticket, kind=ClockKind.UPDATE).order_by("started_at", "pk")
    return [(clock.state, clock.due_at, clock.stopped_at) for clock in clocks]


def test_an_answer_on_a_ticket_that_was_not_resolved_after_all_promises_its_update(incident):
    solution = answered(incident, 10, then=Status.RESOLVED)
    called(incident, 20)
    bounced(solution, 30)
    assert updates(incident) == [(ClockState.RUNNING, minute(80), None)]


def test_what_fell_due_while_a_ticket_was_thought_to_be_resolved_is_broken(incident):
    solution = answered(incident, 10, then=Status.RESOLVED)
    called(incident, 20)
    called(incident, 90)
    bounced(solution, 100)
    assert updates(incident) == [
        (ClockState.BREACHED, minute(80), minute(90)),
        (ClockState.RUNNING, minute(150), None),
    ]


def test_each_answer_promises_its_update_only_once(incident):
    """The solution is sent again, and bounces again."""
    solution = answered(incident, 10, then=Status.RESOLVED)
    called(incident, 20)
    for at in (30, 50):
        bounced(solution, at)
        mails = OutboundEmail.objects.filter(message=solution)
        mails.update(state=OutboxState.FAILED, outcomes={})
        send_again(outbound=mails.get(), actor=AdminFactory(), at=minute(at + 10))
        solution.refresh_from_db()
    assert Clock.objects.filter(kind=ClockKind.UPDATE, started_at=minute(20)).count() == 1


def test_an_answer_about_a_lower_priority_promises_no_update(incident):
    solution = answered(incident, 10, then=Status.RESOLVED)
    change_priority(
        ticket=incident, priority=Priority.P2, actor=AdminFactory(), at=minute(15), reason="One room only."
    )
    called(incident, 20)
    bounced(solution, 30)
    assert updates(incident) == []


def test_an_update_runs_until_a_colleague_ended_the_ticket(incident):
    """What is said after that makes it neither kept nor late."""
    answered(incident, 5)
    update = answered(incident, 20)
    set_status(ticket=incident, status=Status.RESOLVED, actor=AdminFactory(), at=minute(30))
    answered(incident, 90)
    bounced(update, 100)
    assert updates(incident) == [
        (ClockState.CANCELLED, minute(65), minute(30)),
        (ClockState.CANCELLED, minute(80), minute(30)),
    ]


def test_a_younger_question_that_is_left_opens_a_resolved_ticket(incident):
    asked(incident, 10)
    update = answered(incident, 20)
    set_status(ticket=incident, status=Status.RESOLVED, actor=AdminFactory(), at=minute(25))
    called(incident, 28, happened=5)
    bounced(update, 29)
    incident.refresh_from_db()
    owed = Clock.objects.open().get(ticket=incident, kind=ClockKind.NEXT_RESPONSE)
    assert (incident.status, owed.started_at) == (Status.OPEN, minute(10))


def test_a_merged_ticket_whose_solution_bounces_opens_the_one_that_stays(incident):
    other = opened(1, contact=incident.contact)
    solution = answered(incident, 10, then=Status.RESOLVED)
    answered(other, 12, then=Status.RESOLVED)
    merge(ticket=incident, into=other, actor=AdminFactory(), at=minute(20), reason="The same matter.")
    bounced(type(solution).objects.get(pk=solution.pk), 25)
    other.refresh_from_db()
    assert other.status == Status.OPEN
    assert Clock.objects.open().get(ticket=other).due_at == minute(30)


def test_a_merged_ticket_that_was_opened_and_ended_since_stays_ended(incident):
    other = opened(1, contact=incident.contact, priority=Priority.P2)
    answered(incident, 5)
    solution = answered(incident, 10, then=Status.RESOLVED)
    answered(other, 12, then=Status.RESOLVED)
    merge(ticket=incident, into=other, actor=AdminFactory(), at=minute(20), reason="The same matter.")
    for at, status in ((21, Status.OPEN), (22, Status.RESOLVED)):
        set_status(ticket=other, status=status, actor=AdminFactory(), at=minute(at))
    bounced(type(solution).objects.get(pk=solution.pk), 25)
    other.refresh_from_db()
    assert other.status == Status.RESOLVED
