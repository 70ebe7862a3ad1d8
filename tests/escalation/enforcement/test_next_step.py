"""The next step of an open promise: the one the sweep will take, to the person it would reach."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from escalation.choices import Whom
from escalation.enforcement.next_step import next_steps
from escalation.enforcement.sweep import sweep
from escalation.models import Clock, Escalation
from supportdesk.pages.ticket.page import ticket_page
from tests.factories import NOW, AbsenceFactory, PolicyVersionFactory, TicketFactory, set_desk, staff
from tickets.choices import Priority
from tickets.message_content import MessageContent
from tickets.models import Ticket
from tickets.services.opening import open_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(now: datetime) -> Clock:
    """A P2 in the hands of somebody whose manager is ``boss``, whose deputy is ``deputy``."""
    boss = staff("boss", deputy=staff("deputy"))
    set_desk(intake_owner=staff("holder", reports_to=boss), duty_manager=staff("chief"))
    ticket = open_ticket(
        subject="x", content=MessageContent(body="x"), received_at=now, at=now, priority=Priority.P2
    )
    return loaded(ticket.clocks.get())


LOADED = ("calendar", "policy_version__policy__duty_rota", "ticket__customer")


def loaded(clock: Clock) -> Clock:
    return Clock.objects.select_related(*LOADED).get(pk=clock.pk)


@pytest.mark.parametrize("hours", [0, 5, 7, 9, 13])
def test_the_forecast_next_step_is_the_one_the_sweep_fires(clock: Clock, hours: int) -> None:
    """The shipped chain: 50% and 80% tell, 100% and 150% move up, 200% goes to the duty manager."""
    sweep(now=NOW + timedelta(hours=hours))
    clock = loaded(clock)
    foretold = next_steps([clock], now=NOW)[clock.pk]
    assert foretold.at == clock.next_step_at
    sweep(now=foretold.at)
    fired = Escalation.objects.filter(clock=clock).order_by("pk").last()
    assert fired is not None
    assert (fired.step, fired.to_owner) == (foretold.step, foretold.to)


def test_the_deputy_stands_in_for_an_absent_manager(clock: Clock) -> None:
    sweep(now=NOW + timedelta(hours=7))
    clock = loaded(clock)
    AbsenceFactory(user=clock.ticket.owner.staff_profile.reports_to)
    foretold = next_steps([clock], now=NOW)[clock.pk]
    assert foretold.to is not None
    assert foretold.to.username == "deputy"


def test_during_an_acknowledgement_the_forecast_is_the_step_that_fires_afterwards(clock: Clock) -> None:
    """Acknowledged after half the window until the due time: the warning at 80% passes meanwhile."""
    sweep(now=NOW + timedelta(hours=4))
    Clock.objects.update(held_until=clock.due_at, next_step_at=clock.due_at)
    foretold = next_steps([loaded(clock)], now=NOW)[clock.pk]
    assert (foretold.at, foretold.step.percent) == (clock.due_at, 100)
    sweep(now=clock.due_at)
    fired = Escalation.objects.filter(clock=clock).order_by("pk").last()
    assert fired is not None
    assert (fired.step, fired.to_owner) == (foretold.step, foretold.to)


def test_the_forecast_of_a_step_that_only_tells_names_no_new_owner(clock: Clock) -> None:
    foretold = next_steps([clock], now=NOW)[clock.pk]
    assert foretold.to is None
    assert foretold.told == [Whom.HOLDER.label]


def test_a_promise_with_nothing_left_has_no_next_step(clock: Clock) -> None:
    clock.next_step_at = None
    assert next_steps([clock], now=NOW) == {}


def test_a_policy_without_a_chain_of_its_own_follows_the_default_one(clock: Clock) -> None:
    version = PolicyVersionFactory()
    Clock.objects.filter(pk=clock.pk).update(policy_version=version)
    assert next_steps([loaded(clock)], now=NOW)[clock.pk].step.percent == 50


def test_many_clocks_cost_the_queries_of_one(
    clock: Clock, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    sweep(now=NOW + timedelta(hours=7))
    clocks = [loaded(clock)]
    one_costs = count_queries(lambda: next_steps([loaded(clock)], now=NOW)) - 1
    for _each in range(5):
        other = loaded(clock)
        other.pk, other.ticket = None, TicketFactory(owner=clock.ticket.owner)
        other.save(force_insert=True)
        clocks.append(other)
    assert count_queries(lambda: next_steps(clocks, now=NOW)) == one_costs


def test_the_ticket_page_marks_the_step_skipped_during_an_acknowledgement(clock: Clock) -> None:
    sweep(now=NOW + timedelta(hours=4))
    Clock.objects.update(held_until=clock.due_at, next_step_at=clock.due_at)
    ticket = Ticket.objects.select_related("owner", "customer").get(pk=clock.ticket_id)
    page = ticket_page(ticket, visible=Ticket.objects.all(), now=NOW + timedelta(hours=5))
    marks = [
        (chain_step.step.when, chain_step.is_skipped, chain_step.is_next)
        for chain_step in page.promises[0].chain
        if chain_step.step
    ]
    assert marks[1:4] == [("80%", True, False), ("100%", False, True), ("150%", False, False)]


def test_the_ticket_page_names_the_repeat_that_comes_next(clock: Clock) -> None:
    for hours in (0, 4, 7, 8, 12, 16):
        sweep(now=NOW + timedelta(hours=hours))
    ticket = Ticket.objects.select_related("owner", "customer").get(pk=clock.ticket_id)
    page = ticket_page(ticket, visible=Ticket.objects.all(), now=NOW + timedelta(hours=17))
    last = page.promises[0].chain[-1]
    assert (last.is_next, last.at, last.to) == (True, NOW + timedelta(hours=20), ticket.owner)
