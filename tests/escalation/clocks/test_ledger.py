"""The ledger: complete, in order, never changed; and replaying it gives every clock as it is stored."""

from dataclasses import dataclass

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import Customer
from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind, ClockState
from escalation.clocks.ledger import NOTHING, Before, ChangeContext, append_event
from escalation.clocks.ledger_verification import Verification, verify
from escalation.enforcement.sweep import sweep
from escalation.models import Clock, ClockEvent, Policy
from escalation.models.ledger import LedgerIsAppendOnly
from escalation.policies.editing import Window, revise_policy
from tests.factories import (
    AdminFactory,
    CalendarFactory,
    ClockFactory,
    ContactFactory,
    ContractFactory,
    ContractWindowFactory,
    CustomerFactory,
    office_calendar,
    set_desk,
    staff,
)
from tests.lastingrows import passing_rows
from tests.talk import answered, asked, bounced, called, minute, noted, opened
from tickets.choices import MessageKind, Priority, Status
from tickets.errors import DeskError
from tickets.models import Message, Ticket
from tickets.services.failed_responses import fail_response, void_response
from tickets.services.merging import merge
from tickets.services.naming_customers import name_customer
from tickets.services.ownership import assign
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db


def appended(clock, *arguments, **more):
    append_event(clock, *arguments, **more)
    return ClockEvent.objects.filter(clock=clock).latest("pk")


def test_a_ledger_line_records_what_changed_who_did_it_when_and_why():
    clock, actor = ClockFactory(), staff()
    before = Before.of(clock)
    clock.state, clock.due_at = ClockState.MET, minute(90)
    line = appended(
        clock,
        ClockChange.MET,
        ChangeContext(minute(5), actor, "x" * 400),
        before=before,
        at=minute(3),
        percent=50,
    )
    line.refresh_from_db()
    assert (line.at, line.recorded_at, line.actor, line.holder) == (
        minute(3),
        minute(5),
        actor,
        clock.ticket.owner,
    )
    assert (line.state_before, line.state_after) == (ClockState.RUNNING, ClockState.MET)
    assert (line.due_before, line.due_after) == (before.due_at, minute(90))
    assert (line.cause, line.data) == ("x" * 300, {"percent": 50})


def test_a_change_that_is_neither_of_state_nor_due_time_repeats_both_in_its_line():
    clock = ClockFactory()
    line = appended(clock, ClockChange.WAIVED, ChangeContext(minute(5), None))
    assert (line.state_before, line.state_after) == (ClockState.RUNNING, ClockState.RUNNING)
    assert (line.due_before, line.due_after) == (clock.due_at, clock.due_at)


def test_a_change_without_a_time_of_its_own_takes_the_time_of_the_act():
    clock = ClockFactory()
    assert appended(
        clock, ClockChange.CANCELLED, ChangeContext(minute(5), None), before=NOTHING
    ).at == minute(5)


def test_a_line_keeps_no_address_as_it_can_never_be_taken_out():
    ticket = opened(
        contact=ContactFactory(
            customer=CustomerFactory(account_manager=staff("ann", groups=["Account manager"]))
        )
    )
    answer = answered(ticket, 5)
    fail_response(message=answer, at=minute(9), answer="550 5.1.1 <li.wei+x@company.example>: no such user")
    causes = {line.cause for line in ClockEvent.objects.filter(clock__ticket=ticket)}
    assert "550 5.1.1 <[…]>: no such user" in causes
    assert not any("@" in cause for cause in causes)


def test_no_line_is_changed_or_deleted():
    line = appended(ClockFactory(), ClockChange.STARTED, ChangeContext(minute(0), None), before=NOTHING)
    line.cause = "never happened"
    for forbidden in (
        line.save,
        line.delete,
        ClockEvent.objects.all().delete,
        lambda: ClockEvent.objects.update(cause=""),
        lambda: ClockEvent.objects.bulk_update([line], ["cause"]),
    ):
        with pytest.raises(LedgerIsAppendOnly):
            forbidden()


# What is written down must be enough to know how every promise stands.


@dataclass
class Life:
    """A ticket and the people around it, to whom things happen."""

    ticket: Ticket
    admin: object
    customer: Customer

    def happen(self, deed: str, at: float, choice: int) -> None:  # noqa: C901  # one case for each deed
        match deed:
            case "ask":
                asked(self.ticket, at - choice, noticed=at)
            case "answer":
                answered(self.ticket, at, then=(None, Status.WAITING, Status.RESOLVED)[choice % 3])
            case "call":
                called(self.ticket, at, happened=max(at - choice, 0))
            case "note":
                noted(self.ticket, at)
            case "bounce":
                responses = Message.objects.filter(ticket=self.ticket, kind=MessageKind.OUTBOUND).order_by(
                    "pk"
                )
                for message in list(responses)[: choice % 3]:
                    bounced(message, at)
            case "priority":
                change_priority(
                    ticket=self.ticket,
                    priority=choice % 4,
                    actor=self.admin,
                    at=minute(at),
                    reason="heard more",
                )
            case "assign":
                assign(ticket=self.ticket, to=staff(), actor=self.admin, at=minute(at))
            case "status":
                status = list(Status)[1:][choice % 4]
                set_status(ticket=self.ticket, status=status, actor=self.admin, at=minute(at), reason="ended")
            case "void":
                responses = Message.objects.responses().filter(ticket=self.ticket).order_by("pk")
                for message in list(responses)[: choice % 2]:
                    void_response(message=message, actor=self.admin, at=minute(at), reason="said nothing")
            case "merge":
                other = opened(at - 1, contact=self.ticket.contact, priority=choice % 4)
                merge(ticket=other, into=self.ticket, actor=self.admin, at=minute(at))
            case "name":
                name_customer(
                    contact=self.ticket.contact, customer=self.customer, actor=self.admin, at=minute(at)
                )
            case "sweep":
                sweep(now=minute(at))


DEEDS = [
    "ask", "answer", "call", "note", "bounce", "priority", "assign", "status", "void", "merge", "name", "sweep",
]  # fmt: skip
LIVES = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.integers(1, 90), st.integers(0, 40)), min_size=1, max_size=14
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(st.booleans(), LIVES)
@passing_rows()
def test_replaying_the_ledger_of_any_life_gives_the_promises_as_they_are_stored(new_life, is_known, deeds):
    life, now = new_life(is_known=is_known), 0.0
    for deed, wait, choice in deeds:
        now += wait
        try:
            life.happen(deed, now, choice)
        except DeskError:
            continue
    assert verify() == Verification(Clock.objects.count(), ())
    _nobody_waits_without_a_promise(life.ticket)
    _what_is_over_owes_nothing()


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(st.booleans(), LIVES)
@passing_rows()
def test_the_outcome_of_a_life_does_not_depend_on_when_sweeps_ran(new_life, is_known, deeds):
    """Once nobody looks before the end; once the desk looks as each promise falls due and before each deed."""
    kept_apart = [deed for deed in deeds if deed[0] != "sweep"]
    outcomes = []
    for is_watched in (False, True):
        with transaction.atomic():
            life, now = new_life(is_known=is_known), 0.0
            for deed, wait, choice in kept_apart:
                now += wait
                if is_watched:
                    sweep(now=minute(now))
                try:
                    life.happen(deed, now, choice)
                except DeskError:
                    continue
            sweep(now=minute(now + 1))
            outcomes.append(_outcome())
            transaction.set_rollback(True)
    assert outcomes[0] == outcomes[1]


def _outcome() -> list[tuple[object, ...]]:
    columns = "kind", "priority", "started_at", "due_at", "state", "breached_at", "stopped_at"
    return sorted(Clock.objects.values_list(*columns), key=repr)


def _what_is_over_owes_nothing() -> None:
    over = Clock.objects.open().filter(ticket__status__in=(Status.RESOLVED, Status.CLOSED))
    assert not over.exists()


def _nobody_waits_without_a_promise(ticket: Ticket) -> None:
    """Whoever waits has a promise of an answer, one; and nobody is promised one who does not wait."""
    ticket.refresh_from_db()
    waiting = Clock.objects.open().filter(ticket=ticket, kind__in=RESPONSE_KINDS)
    assert waiting.count() == (ticket.unanswered_since is not None)


@pytest.fixture
def new_life():
    """A fresh ticket in a desk with three levels, as often as wanted."""
    top = staff("top")
    set_desk(duty_manager=top)
    ann = staff("ann", reports_to=staff("boss", reports_to=top))
    contract = ContractFactory(customer=CustomerFactory(account_manager=ann))
    for kind, minutes in ((ClockKind.FIRST_RESPONSE, 40), (ClockKind.RESOLUTION, 100)):
        ContractWindowFactory(contract=contract, kind=kind, priority=Priority.P1, minutes=minutes)
    admin, policy = AdminFactory(), Policy.objects.get(is_default=True)
    office, always = office_calendar("Europe/Berlin"), CalendarFactory()
    windows = [
        Window(kind, priority, minutes, calendar)
        for priority in Priority
        for kind, minutes, calendar in (
            (ClockKind.FIRST_RESPONSE, 30 * (priority + 1), always),
            (ClockKind.NEXT_RESPONSE, 30 * (priority + 1), office if priority > 1 else always),
            (ClockKind.UPDATE, 60, always),
            (ClockKind.RESOLUTION, 240, office),
        )
    ]
    revise_policy(policy=policy, windows=windows, actor=None, at=minute(-1), pause_cap_minutes=45)

    def live(*, is_known: bool) -> Life:
        contact = ContactFactory(customer=contract.customer if is_known else None)
        return Life(opened(contact=contact, priority=Priority.P1), admin, contract.customer)

    return live
