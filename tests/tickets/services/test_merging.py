"""Two tickets about the same matter become one, and the stricter promise stands."""

import pytest

from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.sweep import sweep
from escalation.models import Clock
from tests.factories import (
    ContactFactory,
    ContractFactory,
    ContractWindowFactory,
    CustomerFactory,
    set_desk,
    staff,
)
from tests.talk import answered, asked, bounced, minute, opened, promised
from tickets.choices import Fact, Priority, Status
from tickets.errors import DeskError
from tickets.models import Ticket
from tickets.services.merging import merge
from tickets.timeline_text import timeline_sentence

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return staff("ann", reports_to=staff("boss"))


@pytest.fixture
def contact(ann):
    return ContactFactory(customer=CustomerFactory(account_manager=ann))


def merge_at(source: Ticket, target: Ticket, at: float, by) -> Ticket:
    return merge(ticket=source, into=target, actor=by, at=minute(at), reason="same matter")


def open_promise(ticket: Ticket) -> Clock:
    return promised().open().get(ticket=ticket)


def test_the_conversation_goes_on_in_one_ticket(contact, ann):
    source, target = opened(0, contact=contact), opened(5, contact=contact)
    merge_at(source, target, 10, ann)
    source.refresh_from_db()
    assert (source.status, source.merged_into, source.unanswered_since) == (Status.CLOSED, target, None)
    assert target.messages.count() == 2
    target.refresh_from_db()
    assert target.unanswered_since == minute(0)


@pytest.mark.parametrize(("first", "second", "due"), [
    (Priority.P0, Priority.P2, 30), (Priority.P2, Priority.P0, 35), (Priority.P1, Priority.P1, 240),
])  # fmt: skip
def test_the_stricter_promise_stands_and_the_other_is_cancelled_with_its_cause(
    contact, ann, first, second, due
):
    source = opened(0, contact=contact, priority=first)
    target = opened(5, contact=contact, priority=second)
    merge_at(source, target, 10, ann)
    assert open_promise(target).due_at == minute(due)
    other = promised().get(state=ClockState.CANCELLED)
    assert "stricter" in other.events.get(change=ClockChange.CANCELLED).cause
    assert not Clock.objects.filter(ticket=source).exists()
    assert verify().mismatches == ()


def test_a_promise_that_only_the_merged_ticket_has_moves_with_it(contact, ann):
    source, target = opened(0, contact=contact, priority=Priority.P1), opened(5, contact=contact)
    answered(target, 6, then=Status.RESOLVED)
    merge_at(source, target, 10, ann)
    target.refresh_from_db()
    assert (open_promise(target).due_at, target.status) == (minute(240), Status.OPEN)


def test_the_moved_promise_is_enforced_once_on_the_ticket_that_goes_on(contact, ann):
    source, target = opened(0, contact=contact), opened(5, contact=contact, priority=Priority.P2)
    merge_at(source, target, 10, ann)
    sweep(now=minute(31))
    source.refresh_from_db()
    target.refresh_from_db()
    assert (source.owner, target.owner.username) == (ann, "boss")
    assert open_promise(target).breached_at == minute(30)


def test_a_bounced_answer_of_a_merged_ticket_restarts_its_promise_on_the_target(contact, ann):
    source, target = opened(0, contact=contact), opened(5, contact=contact, priority=Priority.P2)
    message = answered(source, 8)
    merge_at(source, target, 10, ann)
    message.refresh_from_db()
    bounced(message, 12)
    assert open_promise(target).due_at == minute(30)
    assert verify().mismatches == ()


def test_both_timelines_tell_of_it(contact, ann):
    source, target = opened(0, contact=contact), opened(5, contact=contact)
    merge_at(source, target, 10, ann)
    sentences = {entry.ticket_id: timeline_sentence(entry, {}) for entry in _merged_lines()}
    assert target.number in sentences[source.pk]
    assert source.number in sentences[target.pk]


def _merged_lines():
    return [entry for ticket in Ticket.objects.all() for entry in ticket.timeline.filter(fact=Fact.MERGED)]


def test_a_ticket_is_not_merged_into_itself(contact, ann):
    ticket = opened(contact=contact)
    with pytest.raises(DeskError, match="itself"):
        merge_at(ticket, ticket, 10, ann)


def test_tickets_of_two_customers_are_not_merged(contact, ann):
    with pytest.raises(DeskError, match="different customers"):
        merge_at(opened(contact=contact), opened(contact=ContactFactory()), 10, ann)


def test_a_merged_ticket_can_neither_be_a_target_nor_be_merged_again(contact, ann):
    source, target, third = (opened(number, contact=contact) for number in range(3))
    merge_at(source, target, 10, ann)
    for pair in ((source, third), (third, source)):
        with pytest.raises(DeskError, match="already been merged"):
            merge_at(*pair, 11, ann)


def test_what_the_customer_writes_later_waits_on_the_ticket_that_goes_on(contact, ann):
    source, target = opened(0, contact=contact), opened(5, contact=contact)
    merge_at(source, target, 10, ann)
    answered(target, 12)
    asked(target, 20)
    assert open_promise(target).started_at == minute(20)


@pytest.mark.parametrize("is_known_first", [True, False])
def test_of_an_unknown_and_a_known_company_the_known_one_s_contract_counts_for_all(ann, is_known_first):
    """Whichever ticket goes on, and whichever question came first."""
    set_desk(intake_owner=ann)
    customer = CustomerFactory(account_manager=ann)
    contract = ContractFactory(customer=customer)
    ContractWindowFactory(contract=contract, kind=ClockKind.FIRST_RESPONSE, priority=Priority.P2, minutes=20)
    known = opened(0, contact=ContactFactory(customer=customer), priority=Priority.P2)
    unknown = opened(-10, contact=ContactFactory(customer=None), priority=Priority.P2)
    source, target = (known, unknown) if is_known_first else (unknown, known)
    merge_at(source, target, 5, ann)
    target.refresh_from_db()
    assert target.customer == customer
    promise = open_promise(target)
    assert (promise.due_at, promise.contract) == (minute(10), contract)
    assert verify().mismatches == ()


@pytest.mark.parametrize("is_target", [True, False])
def test_a_closed_ticket_of_an_unknown_company_becomes_the_customers_too(contact, ann, is_target):
    """Otherwise the customer's question would go on in a ticket that their account manager may not see."""
    closed = opened(0, contact=ContactFactory(customer=None), priority=Priority.P2)
    answered(closed, 1, actor=ann, then=Status.CLOSED)
    waiting = opened(5, contact=contact, priority=Priority.P2)
    source, target = (waiting, closed) if is_target else (closed, waiting)
    merge_at(source, target, 10, ann)
    target.refresh_from_db()
    source.refresh_from_db()
    assert (target.status, target.customer, source.customer) == (
        Status.OPEN if is_target else Status.NEW,
        contact.customer,
        contact.customer,
    )
    assert open_promise(target).due_at == minute(485)
    assert verify().mismatches == ()


def test_who_opened_the_merged_ticket_gets_the_answers_too(contact, ann):
    colleague = ContactFactory(customer=contact.customer, name="Wang", email="wang@company.example")
    source, target = opened(0, contact=colleague), opened(5, contact=contact)
    merge_at(source, target, 10, ann)
    assert [(row.name, row.address) for row in target.participants.all()] == [
        ("Wang", "wang@company.example")
    ]


def test_the_same_person_takes_part_once(contact, ann):
    source, target = opened(0, contact=contact), opened(5, contact=contact)
    merge_at(source, target, 10, ann)
    assert not target.participants.exists()
