"""What the promises do when something happens to a ticket: the subscriptions, one by one."""

import pytest
from django.contrib.auth.models import Permission

from escalation.choices import ClockChange, ClockKind, ClockState, NoticeKind
from escalation.clocks import lifecycle
from escalation.clocks.ledger import ChangeContext
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.sweep import sweep
from escalation.handlers import keep_the_promise, start_the_promise
from escalation.models import Clock, Notification
from tests.factories import (
    NOW,
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    TicketFactory,
    set_desk,
    staff,
)
from tests.talk import answered, asked, bounced, called, clock_of, dispatched, minute, opened, words
from tickets.choices import MailPurpose, Priority, Status
from tickets.errors import DeskError
from tickets.events import CustomerWrote, StaffResponded
from tickets.models import Message, OutboundEmail, Ticket
from tickets.services.conversation import add_automatic_message
from tickets.services.ownership import assign
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return staff("ann", reports_to=staff("boss"))


@pytest.fixture
def contact(ann):
    return ContactFactory(customer=CustomerFactory(account_manager=ann))


@pytest.fixture
def ticket(contact) -> Ticket:
    return opened(contact=contact, priority=Priority.P2)


@pytest.fixture
def lead():
    user = staff("lead")
    user.user_permissions.add(Permission.objects.get(codename="waive_clock"))
    return user


def names_notified(kind: NoticeKind) -> set[str]:
    """The user names of everybody who was told this."""
    return {notification.recipient.username for notification in Notification.objects.filter(kind=kind)}


# The customer wrote


def test_the_first_message_is_acknowledged_and_later_ones_are_not(ticket):
    asked(ticket, 5)
    answered(ticket, 10)
    asked(ticket, 20)
    assert OutboundEmail.objects.filter(purpose=MailPurpose.ACKNOWLEDGEMENT).count() == 1


@pytest.mark.parametrize(
    ("priority", "notices"),
    [(Priority.P1, {"ann"}), (Priority.P2, set()), (Priority.P3, set())],
)
def test_only_an_urgent_ticket_is_announced_to_its_owner(contact, priority, notices):
    opened(contact=contact, priority=priority)
    assert names_notified(NoticeKind.NEW_TICKET) == notices
    assert names_notified(NoticeKind.PAGED) == set()


def test_a_p0_pages_the_moment_it_is_opened(contact):
    opened(contact=contact)
    assert names_notified(NoticeKind.PAGED) == {"ann"}


def test_neither_an_out_of_office_nor_a_stranger_starts_a_promise(ticket):
    answered(ticket, 5)
    add_automatic_message(ticket=ticket, content=words("Away."), received_at=minute(6), at=minute(6))
    asked(ticket, 7, words=words("It is me.", is_unconfirmed=True))
    assert not Clock.objects.open().exists()


# An answer failed


def test_author_and_holder_are_told_that_the_answer_did_not_arrive(ticket, ann):
    message = answered(ticket, 20)
    assign(ticket=ticket, to=staff("bob"), actor=ann, at=minute(25))
    bounced(message, 50)
    assert names_notified(NoticeKind.RESPONSE_FAILED) == {"ann", "bob"}
    dispatched(50)
    notice = Notification.objects.filter(kind=NoticeKind.RESPONSE_FAILED).first()
    assert notice.clock == clock_of(ticket)
    assert "is running again" in notice.mail.text
    assert "550 no such user" in notice.mail.text


def test_people_who_left_get_no_notification(ticket, ann):
    message = answered(ticket, 20)
    assign(ticket=ticket, to=staff("bob"), actor=ann, at=minute(25))
    ann.is_active = False
    ann.save()
    bounced(Message.objects.get(pk=message.pk), 50)
    assert names_notified(NoticeKind.RESPONSE_FAILED) == {"bob"}


def test_the_notice_of_a_failed_answer_names_no_promise_when_another_answer_arrived(ticket, ann):
    message = answered(ticket, 20)
    answered(ticket, 30)
    bounced(message, 50)
    dispatched(50)
    notice = Notification.objects.get(kind=NoticeKind.RESPONSE_FAILED)
    assert notice.clock is None
    assert "is running again" not in notice.mail.text


def test_a_resolved_ticket_whose_answer_bounced_is_open_with_its_promise(ticket):
    message = answered(ticket, 20, then=Status.RESOLVED)
    bounced(message, 50)
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    assert clock_of(ticket).state == ClockState.RUNNING


# The priority changed


def raise_to_p0(ticket: Ticket, at: float, actor) -> None:
    change_priority(ticket=ticket, priority=Priority.P0, actor=actor, at=minute(at), reason="all users")


@pytest.mark.parametrize("answered_before", [False, True])
def test_raising_a_ticket_to_p0_pages_the_person_on_duty(ticket, ann, answered_before):
    rota = DutyRotaFactory()
    policy = clock_of(ticket).policy_version.policy
    policy.duty_rota = rota
    policy.save()
    DutyShiftFactory(rota=rota, user=staff("duty"))
    if answered_before:
        answered(ticket, 10)
    raise_to_p0(ticket, 20, ann)
    ticket.refresh_from_db()
    assert ticket.owner.username == "duty"
    assert names_notified(NoticeKind.PAGED) == {"duty", "ann"}


@pytest.mark.parametrize("priority", [Priority.P1, Priority.P3])
def test_changes_to_other_priorities_page_nobody(ticket, ann, priority):
    change_priority(ticket=ticket, priority=priority, actor=ann, at=minute(5), reason="some users")
    assert names_notified(NoticeKind.PAGED) == set()


# The status changed


@pytest.mark.parametrize(("status", "reason"), [
    (Status.RESOLVED, "done"), (Status.RESOLVED, ""), (Status.CLOSED, ""), (Status.CLOSED, "  "),
])  # fmt: skip
@pytest.mark.parametrize("at", [5, 490])
def test_ending_a_ticket_while_the_customer_waits_is_refused(ticket, ann, status, reason, at):
    sweep(now=minute(at))
    with pytest.raises(DeskError, match="still waiting"):
        set_status(ticket=ticket, status=status, actor=ann, at=minute(at), reason=reason)
    ticket.refresh_from_db()
    assert ticket.status == Status.NEW
    assert clock_of(ticket).is_open


def test_closing_without_an_answer_for_a_reason_is_a_breach_at_the_due_time(ticket, ann):
    set_status(ticket=ticket, status=Status.CLOSED, actor=ann, at=minute(5), reason="no answer needed")
    clock = clock_of(ticket)
    assert (clock.state, clock.breached_at, clock.detected_at, clock.stopped_at) == (
        ClockState.BREACHED,
        minute(480),
        minute(5),
        minute(5),
    )
    assert clock.waived_at is None
    assert clock.events.last().cause == "no answer needed"
    assert verify(ticket=ticket.pk).mismatches == ()


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_anybody_may_end_an_answered_ticket(ticket, ann, status):
    answered(ticket, 5)
    set_status(ticket=ticket, status=status, actor=ann, at=minute(6))
    ticket.refresh_from_db()
    assert ticket.status == status


def test_setting_a_ticket_to_waiting_is_allowed_and_is_no_answer(ticket, ann):
    set_status(ticket=ticket, status=Status.WAITING, actor=ann, at=minute(5))
    assert clock_of(ticket).state == ClockState.RUNNING


def test_where_one_lead_may_waive_they_end_a_promise_with_a_reason(ticket, lead, settings):
    settings.WAIVERS_NEED_TWO = False
    set_status(ticket=ticket, status=Status.CLOSED, actor=lead, at=minute(5), reason="spam")
    clock = clock_of(ticket)
    assert (clock.state, clock.stopped_at) == (ClockState.CANCELLED, minute(5))
    assert (clock.waived_by, clock.waive_reason) == (lead, "spam")
    lines = [(line.change, line.actor, line.cause) for line in clock.events.order_by("pk")][1:]
    assert lines == [(ClockChange.WAIVED, lead, "spam"), (ClockChange.CANCELLED, lead, "spam")]


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_lead_without_a_reason_is_refused(ticket, lead, reason):
    with pytest.raises(DeskError, match="still waiting"):
        set_status(ticket=ticket, status=Status.CLOSED, actor=lead, at=minute(5), reason=reason)


def test_a_waived_breach_stays_a_breach(ticket, lead):
    set_status(ticket=ticket, status=Status.CLOSED, actor=lead, at=minute(481), reason="spam")
    clock = clock_of(ticket)
    assert (clock.state, clock.breached_at, clock.stopped_at) == (
        ClockState.BREACHED,
        minute(480),
        minute(481),
    )


def test_a_call_before_the_question_does_not_let_the_ticket_be_resolved(ticket, ann):

    asked(ticket, 15)
    with pytest.raises(DeskError, match="still waiting"):
        called(ticket, 20, happened=10, then=Status.RESOLVED)
    assert clock_of(ticket).state == ClockState.RUNNING


# The owner changed


def test_the_ledger_records_who_holds_the_promise_after_a_handover(ticket, ann):
    bob = staff("bob")
    assign(ticket=ticket, to=bob, actor=ann, at=minute(10), reason="on holiday")
    line = clock_of(ticket).events.last()
    assert (line.change, line.holder, line.actor, line.at) == (
        ClockChange.HANDED_OVER,
        bob,
        ann,
        minute(10),
    )
    assert (line.cause, line.data) == ("on holiday", {"rule": "by_hand"})


def test_later_owners_do_not_hold_an_answered_promise(ticket, ann):
    answered(ticket, 5)
    before = clock_of(ticket).events.count()
    assign(ticket=ticket, to=staff("bob"), actor=ann, at=minute(10))
    assert clock_of(ticket).events.count() == before


def test_a_p0_without_anybody_on_duty_goes_to_the_duty_manager_too(contact):
    set_desk(duty_manager=staff("manager"))
    opened(contact=contact)
    assert names_notified(NoticeKind.PAGED) == {"ann", "manager"}


def test_an_answer_costs_its_promise_five_queries(ticket, count_queries):
    message = Message.objects.create(
        ticket=ticket,
        kind="outbound",
        author=ticket.owner,
        at=minute(5),
        created_at=minute(5),
        body="Restart.",
    )
    event = StaffResponded(ticket=ticket, at=minute(5), actor=ticket.owner, message=message)
    assert count_queries(lambda: keep_the_promise(event)) == 5
    assert clock_of(ticket).state == ClockState.MET


@pytest.mark.parametrize("priority", [Priority.P0, Priority.P2])
def test_a_later_question_costs_its_promise_four_queries(contact, count_queries, priority):
    """Contract with what is owed, changes of the priority since, the clock and its line; not the customer."""
    ContractFactory(customer=contact.customer)
    ticket = opened(contact=contact, priority=priority)
    answered(ticket, 5)
    message = asked(ticket, 40)
    ticket.clocks.filter(started_by=message).update(stopped_at=minute(41), state=ClockState.MET)
    event = CustomerWrote(Ticket.objects.get(pk=ticket.pk), minute(42), None, message, is_first=False)
    assert count_queries(lambda: start_the_promise(event)) == 4
    assert ticket.clocks.latest("pk").kind == ClockKind.NEXT_RESPONSE


def test_a_question_while_one_is_unanswered_costs_two_queries(ticket, count_queries):
    message = asked(ticket, 40)
    event = CustomerWrote(Ticket.objects.get(pk=ticket.pk), minute(42), None, message, is_first=False)
    assert count_queries(lambda: start_the_promise(event)) == 2
    assert ticket.clocks.count() == 1


@pytest.mark.parametrize(("has_customer", "queries"), [(True, 3), (False, 3)])
def test_a_first_message_costs_its_promise_three_queries(ann, contact, count_queries, has_customer, queries):
    set_desk(intake_owner=ann)
    ticket = TicketFactory(
        customer=contact.customer if has_customer else None, owner=ann, priority=Priority.P0
    )
    message = Message.objects.create(ticket=ticket, kind="inbound", at=NOW, created_at=NOW, body="Black.")
    assert (
        count_queries(lambda: lifecycle.start_promises(ticket, message, ChangeContext(NOW, None))) == queries
    )
    assert clock_of(ticket).kind == ClockKind.FIRST_RESPONSE
