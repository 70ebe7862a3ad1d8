"""Acknowledge, take over, escalate now: who has it, until when, and what the chain does meanwhile and afterwards."""

from datetime import timedelta

import pytest

from escalation.choices import AcknowledgedBy, ClockChange, ClockState, NoticeKind
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.acknowledge import acknowledge, escalate_now, take_over
from escalation.enforcement.sweep import sweep
from escalation.models import Acknowledgement, Clock, ClockEvent, Escalation, Notification
from tests.factories import ContactFactory, CustomerFactory, set_desk, staff
from tests.talk import answered, asked, clock_of, minute, opened
from tickets.choices import Fact, MessageKind, OwnerRule, Priority, Status
from tickets.errors import DeskError
from tickets.models import Message, Ticket, TimelineEntry
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
GROUP = ["Account manager"]


@pytest.fixture
def line():
    """Ann holds it, Boss is above her and Top above him; Dora is the duty manager, Eve is of another team."""
    top = staff("top", groups=GROUP)
    boss = staff("boss", reports_to=top, groups=GROUP)
    people = {
        "top": top,
        "boss": boss,
        "ann": staff("ann", reports_to=boss, groups=GROUP),
        "dora": staff("dora", groups=GROUP),
        "eve": staff("eve", groups=GROUP),
    }
    set_desk(duty_manager=people["dora"])
    return people


@pytest.fixture
def ticket(line) -> Ticket:
    """A P0 of minute 0, due at minute 30."""
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=line["ann"])))


def acknowledge_at(ticket: Ticket, who, at: float, by=AcknowledgedBy.PAGE) -> list[Acknowledgement]:
    return acknowledge(ticket=ticket, actor=who, at=minute(at), by=by)


def percents_fired(now) -> list[int]:
    """The shares of the steps that a sweep fires."""
    fired_before = set(Escalation.objects.values_list("pk", flat=True))
    sweep(now=now)
    rows = Escalation.objects.exclude(pk__in=fired_before).order_by("pk")
    return list(rows.values_list("step__percent", flat=True))


def is_proven() -> bool:
    """Whether the ledger still gives the promises as they are stored."""
    return verify().mismatches == ()


# --- acknowledging ---------------------------------------------------------------------------------------


def test_an_acknowledgement_holds_the_next_step_until_the_second_of_its_time_out(ticket, line):
    assert percents_fired(minute(30)) == [100]
    [acknowledgement] = acknowledge_at(ticket, line["boss"], 31)
    assert (acknowledgement.user, acknowledgement.at, acknowledgement.until) == (
        line["boss"],
        minute(31),
        minute(46),
    )
    assert clock_of(ticket).held_until == clock_of(ticket).next_step_at == minute(46)
    assert percents_fired(minute(45)) == []  # where the next step would have fired
    assert percents_fired(minute(46) - SECOND) == []
    assert percents_fired(minute(46)) == [150]


def test_an_acknowledgement_before_the_due_time_stops_the_warnings_but_not_the_step_at_the_due_time(
    ticket, line
):
    assert percents_fired(minute(15)) == [50]
    [acknowledgement] = acknowledge_at(ticket, line["ann"], 20)
    assert acknowledgement.until == minute(30)  # and not minute 35
    assert percents_fired(minute(24)) == []  # the warning at 80 %
    assert percents_fired(minute(30) - SECOND) == []
    assert percents_fired(minute(30)) == [100]
    assert clock_of(ticket).state == ClockState.BREACHED


def test_a_time_out_shorter_than_the_window_ends_before_the_due_time(ticket, line):
    [acknowledgement] = acknowledge_at(ticket, line["ann"], 1)
    assert acknowledgement.until == minute(16)


def test_an_acknowledgement_lasts_for_the_time_out_of_the_step_that_fired_last(line):
    ticket = opened(
        priority=Priority.P2, contact=ContactFactory(customer=CustomerFactory(account_manager=line["ann"]))
    )
    clock = clock_of(ticket)
    sweep(now=clock.due_at)
    step = clock.escalations.latest("fired_at").step
    [acknowledgement] = acknowledge(
        ticket=ticket, actor=line["boss"], at=clock.due_at + SECOND, by=AcknowledgedBy.BOARD
    )
    assert (
        acknowledgement.until - acknowledgement.at
        == timedelta(minutes=step.ack_minutes)
        != timedelta(minutes=15)
    )


def test_after_an_answer_to_an_acknowledged_ticket_no_step_fires(ticket, line):
    percents_fired(minute(30))
    acknowledge_at(ticket, line["boss"], 31)
    answered(ticket, 40, actor=line["boss"])
    assert [percents_fired(minute(at)) for at in (45, 46, 60)] == [[], [], []]


def test_an_acknowledged_promise_runs_on(ticket, line):
    before = clock_of(ticket)
    acknowledge_at(ticket, line["ann"], 5)
    after = clock_of(ticket)
    assert (after.state, after.due_at, after.stopped_at) == (before.state, before.due_at, None)


def test_a_second_acknowledgement_of_a_firing_returns_the_first(ticket, line):
    percents_fired(minute(30))
    first = acknowledge_at(ticket, line["boss"], 31)
    again = acknowledge_at(ticket, line["boss"], 40)
    assert again == first
    assert clock_of(ticket).held_until == minute(46)
    assert Acknowledgement.objects.count() == 1
    assert TimelineEntry.objects.filter(fact=Fact.TAKEN).count() == 1


def test_an_acknowledgement_before_any_firing_is_not_repeated_while_it_lasts(line):
    ticket = opened(
        priority=Priority.P1, contact=ContactFactory(customer=CustomerFactory(account_manager=line["ann"]))
    )
    first = acknowledge_at(ticket, line["ann"], 1)
    assert (first[0].escalation, first[0].until) == (None, minute(16))
    assert acknowledge_at(ticket, line["ann"], 15) == first
    assert acknowledge_at(ticket, line["ann"], 16) != first


def test_an_acknowledgement_by_a_second_person_extends_the_hold(ticket, line):
    percents_fired(minute(30))
    acknowledge_at(ticket, line["boss"], 31)
    acknowledge_at(ticket, line["ann"], 36)
    assert clock_of(ticket).held_until == minute(51)
    assert percents_fired(minute(46)) == []
    assert percents_fired(minute(51)) == [150]


def test_the_next_firing_can_be_acknowledged_again(ticket, line):
    percents_fired(minute(30))
    acknowledge_at(ticket, line["boss"], 31)
    percents_fired(minute(46))
    acknowledge_at(ticket, line["boss"], 47)
    assert clock_of(ticket).held_until == minute(62)


def test_an_acknowledgement_covers_every_open_promise_of_the_ticket(ticket, line):
    answered(ticket, 5)  # from now on an update is owed as well
    asked(ticket, 10)
    owed = Clock.objects.open().filter(ticket=ticket).count()
    assert owed == 2
    assert len(acknowledge_at(ticket, line["ann"], 11)) == owed
    assert not Clock.objects.open().filter(held_until=None).exists()


def test_ledger_and_timeline_say_who_has_it_until_when_and_how(ticket, line):
    acknowledge_at(ticket, line["ann"], 5, AcknowledgedBy.LINK)
    event = ClockEvent.objects.get(change=ClockChange.ACKNOWLEDGED)
    assert (event.actor, event.at, event.holder) == (line["ann"], minute(5), line["ann"])
    assert event.data == {"until": minute(20).isoformat(), "by": "link"}
    entry = TimelineEntry.objects.get(fact=Fact.TAKEN)
    assert (entry.actor, entry.data["until"]) == (line["ann"], minute(20).isoformat())
    assert is_proven()


def test_an_answered_ticket_cannot_be_acknowledged(ticket, line):
    set_status(ticket=ticket, status=Status.WAITING, actor=line["ann"], at=minute(2), reason="")
    answered(ticket, 3, then=Status.CLOSED)
    with pytest.raises(DeskError, match=f"{ticket.number} is closed"):
        acknowledge_at(ticket, line["ann"], 4)


def test_the_refusal_for_an_answered_open_ticket_says_so(line):
    ticket = opened(
        priority=Priority.P3, contact=ContactFactory(customer=CustomerFactory(account_manager=line["ann"]))
    )
    answered(ticket, 3)
    with pytest.raises(DeskError, match=f"{ticket.number} has been answered"):
        acknowledge_at(ticket, line["ann"], 4)


@pytest.mark.parametrize("act", ["acknowledge", "take_over", "escalate_now"])
def test_a_user_who_cannot_see_the_ticket_can_neither_acknowledge_nor_escalate(ticket, line, act):
    other_rights = {
        "acknowledge": {"by": AcknowledgedBy.PAGE},
        "take_over": {},
        "escalate_now": {"reason": "I want it."},
    }
    does = {"acknowledge": acknowledge, "take_over": take_over, "escalate_now": escalate_now}[act]
    events = ClockEvent.objects.count()
    with pytest.raises(DeskError, match="don't have access"):
        does(ticket=ticket, actor=line["eve"], at=minute(5), **other_rights[act])
    ticket.refresh_from_db()
    assert (ticket.owner, ClockEvent.objects.count()) == (line["ann"], events)


def test_a_user_who_has_left_can_neither_acknowledge_nor_escalate(ticket, line):
    line["ann"].is_active = False
    line["ann"].save()
    with pytest.raises(DeskError):
        acknowledge_at(ticket, line["ann"], 5)


def test_an_acknowledgement_does_not_hold_a_raised_promise_beyond_its_new_due_time(line):
    ticket = opened(
        priority=Priority.P2, contact=ContactFactory(customer=CustomerFactory(account_manager=line["ann"]))
    )
    acknowledge_at(ticket, line["ann"], 1)
    assert clock_of(ticket).held_until == minute(61)
    change_priority(ticket=ticket, priority=Priority.P0, actor=line["ann"], at=minute(2), reason="All rooms.")
    assert clock_of(ticket).due_at == minute(32)
    sweep(now=minute(32))
    ticket.refresh_from_db()
    assert ticket.owner == line["boss"]


# --- taking over -----------------------------------------------------------------------------------------


def test_taking_over_assigns_acknowledges_and_tells_the_other_holder(ticket, line):
    percents_fired(minute(30))
    Notification.objects.all().delete()
    assert take_over(ticket=ticket, actor=line["top"], at=minute(31)).owner == line["top"]
    acknowledgement = Acknowledgement.objects.get()
    assert (acknowledgement.user, acknowledgement.by, acknowledgement.until) == (
        line["top"],
        AcknowledgedBy.TAKE_OVER,
        minute(46),
    )
    notification = Notification.objects.get()
    assert (notification.recipient, notification.kind, notification.other) == (
        line["boss"],
        NoticeKind.TAKEN_OVER,
        line["top"],
    )
    changed = TimelineEntry.objects.filter(fact=Fact.OWNER).latest("pk")
    assert (changed.actor, changed.data["rule"]) == (line["top"], OwnerRule.TAKE_OVER)
    handed = ClockEvent.objects.filter(change=ClockChange.HANDED_OVER).latest("pk")
    assert (handed.holder, handed.actor) == (line["top"], line["top"])
    assert is_proven()


def test_a_former_holder_may_take_the_ticket_over(ticket, line):
    percents_fired(minute(30))
    take_over(ticket=ticket, actor=line["ann"], at=minute(31))
    ticket.refresh_from_db()
    assert ticket.owner == line["ann"]
    assert percents_fired(minute(46)) == [150]
    ticket.refresh_from_db()
    assert ticket.owner == line["top"]  # boss held it before


def test_taking_over_ones_own_ticket_only_acknowledges(ticket, line):
    Notification.objects.all().delete()
    take_over(ticket=ticket, actor=line["ann"], at=minute(5))
    assert Acknowledgement.objects.get().by == AcknowledgedBy.TAKE_OVER
    assert not Notification.objects.exists()


def test_an_answered_ticket_can_be_taken_over_too(line):
    ticket = opened(
        priority=Priority.P3, contact=ContactFactory(customer=CustomerFactory(account_manager=line["ann"]))
    )
    answered(ticket, 3)
    assert take_over(ticket=ticket, actor=line["boss"], at=minute(4)).owner == line["boss"]
    with pytest.raises(DeskError, match="has been answered"):
        take_over(ticket=ticket, actor=line["boss"], at=minute(5))


# --- escalating by hand ----------------------------------------------------------------------------------


def test_escalating_by_hand_moves_the_ticket_one_level_up_and_records_it_everywhere(ticket, line):
    Notification.objects.all().delete()
    escalation = escalate_now(ticket=ticket, actor=line["ann"], at=minute(5), reason=" Their CEO called. ")
    assert (escalation.step, escalation.by, escalation.reason) == (None, line["ann"], "Their CEO called.")
    assert (escalation.from_owner, escalation.to_owner) == (line["ann"], line["boss"])
    ticket.refresh_from_db()
    assert ticket.owner == line["boss"]
    note = Message.objects.get(kind=MessageKind.NOTE)
    assert note.body.startswith(
        f"{line['ann'].first_name} escalated it to {line['boss'].first_name}: Their CEO"
    )
    kind_by_name = dict(Notification.objects.values_list("recipient__username", "kind"))
    assert kind_by_name == {"boss": NoticeKind.ESCALATED_TO_YOU}
    event = ClockEvent.objects.get(change=ClockChange.STEP, data__escalation=escalation.pk)
    assert (event.actor, event.cause) == (line["ann"], "Their CEO called.")
    assert is_proven()


def test_an_owner_is_notified_when_somebody_else_escalates_their_ticket(ticket, line):
    Notification.objects.all().delete()
    escalate_now(ticket=ticket, actor=line["top"], at=minute(5), reason="Their CEO called.")
    kind_by_name = dict(Notification.objects.values_list("recipient__username", "kind"))
    assert kind_by_name == {"boss": NoticeKind.ESCALATED_TO_YOU, "ann": NoticeKind.ESCALATED_FROM_YOU}


def test_escalating_by_hand_requires_a_reason(ticket, line):
    with pytest.raises(DeskError, match="reason"):
        escalate_now(ticket=ticket, actor=line["ann"], at=minute(5), reason="  ")


def test_escalating_by_hand_is_refused_with_nobody_above(line):
    set_desk(duty_manager=None)
    ticket = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=line["top"])))
    events = ClockEvent.objects.count()
    with pytest.raises(DeskError, match="There is nobody above"):
        escalate_now(ticket=ticket, actor=line["top"], at=minute(5), reason="Too hard.")
    ticket.refresh_from_db()
    assert (ticket.owner, ClockEvent.objects.count()) == (line["top"], events)


def test_an_answered_ticket_is_not_escalated(line):
    ticket = opened(
        priority=Priority.P3, contact=ContactFactory(customer=CustomerFactory(account_manager=line["ann"]))
    )
    answered(ticket, 3)
    with pytest.raises(DeskError, match="has been answered"):
        escalate_now(ticket=ticket, actor=line["ann"], at=minute(4), reason="Please.")


def test_escalating_by_hand_ends_the_actors_acknowledgement(ticket, line):
    percents_fired(minute(15))
    acknowledge_at(ticket, line["ann"], 16)
    escalate_now(ticket=ticket, actor=line["ann"], at=minute(20), reason="Over my head.")
    assert clock_of(ticket).held_until is None
    assert percents_fired(minute(24)) == [80]
    assert percents_fired(minute(30)) == [100]
