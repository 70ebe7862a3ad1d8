"""Waiving and relaxing on the ticket page: who is offered it, what it does, what is refused and kept."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from escalation.choices import ClockState
from escalation.enforcement.sweep import sweep
from escalation.enforcement.waivers import waive_promise
from escalation.models import Clock
from tests.adminpages import said
from tests.factories import ClockFactory, ContactFactory, CustomerFactory, staff
from tests.talk import answered, clock_of, minute, opened
from tickets.choices import Priority
from tickets.errors import DeskError
from tickets.models import Ticket
from tickets.services.status_and_priority import change_priority

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

Login = Callable[[User], Client]


@pytest.fixture
def lead() -> User:
    return staff("lead", groups=["Team lead"])


@pytest.fixture
def alone(settings: Any) -> None:
    """A desk on which one lead may waive."""
    settings.WAIVERS_NEED_TWO = False


@pytest.fixture
def ticket(lead: User) -> Ticket:
    """A P0 of five minutes ago, in the hands of one of the lead's people."""
    manager = staff("ann", reports_to=lead, groups=["Account manager"])
    return opened(-5, contact=ContactFactory(customer=CustomerFactory(account_manager=manager)))


def lowered(ticket: Ticket) -> Clock:
    change_priority(ticket=ticket, priority=Priority.P2, actor=ticket.owner, at=minute(-1), reason="one room")
    return clock_of(ticket)


def page(client: Client, ticket: Ticket) -> str:
    return client.get(reverse("admin:tickets_ticket_change", args=[ticket.pk])).content.decode()


def decide(client: Client, name: str, about: Clock, **data: Any) -> HttpResponse:
    fields = {"token": str(uuid.uuid4()), "reason": "their own outage", "clock": about.pk, **data}
    return client.post(reverse("admin:tickets_ticket_act", args=[about.ticket_id, name]), fields)


def offered(html: str, name: str, clock: Clock) -> bool:
    forms = html.split(f'/act/{name}/"')[1:]
    return any(f'name="clock" value="{clock.pk}"' in form.split("</form>")[0] for form in forms)


def second_lead() -> User:
    """A lead who sees every ticket."""
    return staff("dora", groups=["Duty manager"])


def test_two_people_waive_and_everybody_reads_who_and_why_beside_the_raw_outcome(
    login: Login, lead: User, ticket: Ticket
) -> None:
    sweep(now=minute(26))
    response = decide(login(lead), "waive", clock_of(ticket))
    assert response.status_code == 302
    assert clock_of(ticket).waived_at is None
    html = page(login(lead), ticket)
    assert "proposes to waive it: their own outage" in html
    assert not offered(html, "confirm_waiver", clock_of(ticket))
    assert offered(html, "refuse_waiver", clock_of(ticket))
    second = second_lead()
    assert offered(page(login(second), ticket), "confirm_waiver", clock_of(ticket))
    assert decide(login(second), "confirm_waiver", clock_of(ticket)).status_code == 302
    clock = clock_of(ticket)
    assert (clock.state, clock.waived_by, clock.waive_reason) == (
        ClockState.BREACHED,
        second,
        "their own outage",
    )
    html = page(login(ticket.owner), ticket)
    assert f"Waived by {second.get_full_name()}" in html
    assert f"Proposed by {lead.get_full_name()}" in html
    assert "their own outage" in html
    assert "breached" in html


def test_a_proposed_waiver_can_be_let_drop(login: Login, lead: User, ticket: Ticket) -> None:
    decide(login(lead), "waive", clock_of(ticket))
    assert decide(login(second_lead()), "refuse_waiver", clock_of(ticket)).status_code == 302
    assert clock_of(ticket).waiver_proposed_at is None
    assert offered(page(login(lead), ticket), "waive", clock_of(ticket))


def test_nobody_confirms_their_own_proposal(login: Login, lead: User, ticket: Ticket) -> None:
    decide(login(lead), "waive", clock_of(ticket))
    assert "second person" in said(decide(login(lead), "confirm_waiver", clock_of(ticket)))[-1]
    assert clock_of(ticket).waived_at is None


def test_a_breached_promise_answered_late_can_be_waived(
    login: Login, lead: User, ticket: Ticket, alone: None
) -> None:
    sweep(now=minute(26))
    answered(ticket, 27)
    assert offered(page(login(lead), ticket), "waive", clock_of(ticket))
    decide(login(lead), "waive", clock_of(ticket))
    html = page(login(lead), ticket)
    assert "· waived" in html
    assert not offered(html, "waive", clock_of(ticket))


def test_a_lead_relaxes_a_lowered_promise(login: Login, lead: User, ticket: Ticket) -> None:
    clock = lowered(ticket)
    html = page(login(lead), ticket)
    assert offered(html, "relax", clock_of(ticket))
    assert minute(475).isoformat() in html  # eight hours from the start
    assert decide(login(lead), "relax", clock).status_code == 302
    assert clock_of(ticket).due_at == minute(475)
    assert not offered(page(login(lead), ticket), "relax", clock_of(ticket))


def test_only_leads_are_offered_the_decisions(login: Login, lead: User, ticket: Ticket) -> None:
    lowered(ticket)
    html = page(login(ticket.owner), ticket)
    assert not offered(html, "waive", clock_of(ticket))
    assert not offered(html, "relax", clock_of(ticket))
    assert offered(page(login(lead), ticket), "waive", clock_of(ticket))


@pytest.mark.parametrize("name", ["waive", "relax"])
def test_others_are_refused_with_a_sentence(login: Login, ticket: Ticket, name: str) -> None:
    response = decide(login(ticket.owner), name, lowered(ticket))
    assert said(response) == ["You may not decide that. Ask a lead."]
    assert clock_of(ticket).waived_at is None


@pytest.mark.parametrize("name", ["waive", "relax"])
def test_a_user_who_may_not_see_the_ticket_cannot_decide(login: Login, ticket: Ticket, name: str) -> None:
    assert decide(login(staff(groups=["Team lead"])), name, lowered(ticket)).status_code == 404


def test_a_promise_already_on_the_window_of_its_priority_cannot_be_relaxed(
    login: Login, lead: User, ticket: Ticket
) -> None:
    assert not offered(page(login(lead), ticket), "relax", clock_of(ticket))
    response = decide(login(lead), "relax", clock_of(ticket), reason="they agreed on the phone")
    assert "nothing to relax" in said(response)[0]


def test_a_waived_promise_cannot_be_waived_again(
    login: Login, lead: User, ticket: Ticket, alone: None
) -> None:
    clock = clock_of(ticket)
    waive_promise(clock=clock, actor=lead, at=minute(-1), reason="first")
    response = decide(login(lead), "waive", clock, reason="a second time")
    assert said(response) == ["This SLA is already waived."]


@pytest.mark.parametrize("reason", ["", " "])
def test_a_decision_needs_a_reason(login: Login, lead: User, ticket: Ticket, reason: str) -> None:
    response = decide(login(lead), "waive", clock_of(ticket), reason=reason)
    assert "Give a reason" in said(response)[0]
    assert clock_of(ticket).waived_at is None


def test_a_refused_form_stays_open_and_keeps_its_words(login: Login, lead: User, ticket: Ticket) -> None:
    html = decide(login(lead), "waive", clock_of(ticket), token="no token").content.decode()
    assert 'value="their own outage"' in html
    assert 'class="change decide" open' in html


def test_a_decision_sent_twice_stands_once(login: Login, lead: User, ticket: Ticket) -> None:
    token = str(uuid.uuid4())
    for _click in range(2):
        assert decide(login(lead), "waive", clock_of(ticket), token=token).status_code == 302
    assert clock_of(ticket).events.filter(change="waiver_proposed").count() == 1


def test_the_forms_of_two_promises_have_separate_tokens(login: Login, lead: User, ticket: Ticket) -> None:
    ClockFactory(ticket=ticket, kind="update", state=ClockState.RUNNING)
    html = page(login(lead), ticket)
    tokens = [_token(form) for form in html.split('/act/waive/"')[1:]]
    assert len(tokens) == len(set(tokens)) == Clock.objects.filter(ticket=ticket).open().count()


def _token(form: str) -> str:
    return form.split('name="token" value="')[1].split('"')[0]


def test_the_promise_of_another_ticket_is_not_reached(login: Login, lead: User, ticket: Ticket) -> None:
    foreign = clock_of(opened(-5))
    response = decide(login(lead), "waive", clock_of(ticket), clock=foreign.pk)
    assert "not part of the ticket" in said(response)[0]
    assert clock_of(foreign.ticket).waived_at is None


def test_a_promise_that_was_met_cannot_be_waived(login: Login, lead: User, ticket: Ticket) -> None:
    answered(ticket, -1)
    clock = clock_of(ticket)
    assert not offered(page(login(lead), ticket), "waive", clock)
    with pytest.raises(DeskError, match="met or cancelled"):
        waive_promise(clock=clock, actor=lead, at=minute(0), reason="x")


def test_five_promises_cost_a_lead_the_queries_of_one(
    login: Login, lead: User, ticket: Ticket, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    client = login(lead)
    page(client, ticket)
    few = count_queries(lambda: page(client, ticket))
    for kind in ("update", "resolution"):
        ClockFactory(ticket=ticket, kind=kind)
    ClockFactory(ticket=ticket, kind="update", state=ClockState.BREACHED, stopped_at=minute(0))
    assert count_queries(lambda: page(client, ticket)) == few
    assert few <= 25
