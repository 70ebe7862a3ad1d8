"""The page that explains a promise: who sees it, what it costs, both zones, both languages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from customers.choices import Language
from customers.names import name_of
from escalation.enforcement.sweep import sweep
from escalation.models import Clock
from tests.factories import (
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    InboundEmailFactory,
    set_desk,
    staff,
)
from tests.talk import answered, called, clock_of, minute, noted, opened
from tickets.choices import Priority, Status
from tickets.models import Ticket
from tickets.services.ownership import assign
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

Login = Callable[[User], Client]


@pytest.fixture
def anna() -> User:
    return staff("anna", groups=["Account manager"], time_zone="Asia/Shanghai")


@pytest.fixture
def ticket(anna: User) -> Ticket:
    customer = CustomerFactory(account_manager=anna, name="Aurora Live", time_zone="Europe/Berlin")
    ContractFactory(customer=customer, reference="RTC-7")
    set_desk(duty_manager=staff("chief", groups=["Support director"]))
    return opened(-60, priority=Priority.P1, contact=ContactFactory(customer=customer, name="Li Wei"))


def page_of(clock: Clock) -> str:
    return reverse("admin:tickets_ticket_explain", args=[clock.ticket_id, clock.pk])


def read(client: Client, clock: Clock) -> str:
    response = client.get(page_of(clock))
    assert response.status_code == 200
    return response.content.decode()


def test_every_promise_of_the_ticket_page_leads_to_its_explanation(login: Login, anna: User, ticket: Ticket):
    answered(ticket, -50)
    opened_again = Clock.objects.create(**_copy_of(clock_of(ticket)))
    html = login(anna).get(reverse("admin:tickets_ticket_change", args=[ticket.pk])).content.decode()
    assert page_of(opened_again) in html
    assert page_of(Clock.objects.get(ticket=ticket, stopped_at__isnull=False)) in html


def _copy_of(clock: Clock) -> dict[str, Any]:
    fields = ("ticket_id", "priority", "started_at", "due_at", "minutes", "policy_version_id", "calendar_id")
    values = {name: getattr(clock, name) for name in fields}
    return {**values, "kind": "next_response", "calendar_version": clock.calendar_version}


def test_an_explanation_shows_start_terms_count_and_holder_in_both_zones(
    login: Login, anna: User, ticket: Ticket
):
    html = read(login(anna), clock_of(ticket))
    for words in (
        "Wed 2026-11-18 19:00 +08:00",
        "Wed 2026-11-18 12:00 +01:00",
        "Your time (Shanghai)",
        "Customer&#x27;s time (Berlin)",
        "RTC-7",
        "version 1",
        "1 h counted and 3 h left add up to the response time of 4 h.",
        "The SLA started: P1 High.",
    ):
        assert words in html


def test_a_reader_in_the_customers_zone_sees_each_time_once(login: Login, anna: User, ticket: Ticket):
    anna.staff_profile.time_zone = "Europe/Berlin"
    anna.staff_profile.save()
    html = read(login(anna), clock_of(ticket))
    assert "Time (Berlin)" in html
    assert "Customer&#x27;s time" not in html


def test_the_explanation_is_in_the_readers_language(login: Login, anna: User, ticket: Ticket):
    anna.staff_profile.language = Language.CHINESE
    anna.staff_profile.save()
    html = read(login(anna), clock_of(ticket))
    assert "2026-11-18 19:00 +08:00" in html
    assert "计入的工作时间" in html


def test_who_ended_a_promise_without_an_answer_is_named_with_the_reason(
    login: Login, anna: User, ticket: Ticket
):
    lead = staff("lena", groups=["Team lead"])
    set_status(
        ticket=ticket, status=Status.CLOSED, actor=lead, at=minute(-5), reason="A double of another one."
    )
    html = read(login(anna), clock_of(ticket))
    end = html[html.index("How it ended") :]
    assert f"{name_of(lead)}: A double of another one." in end[: end.index("Time per owner")]


def test_a_promise_of_a_ticket_one_may_not_see_does_not_exist(login: Login, anna: User, ticket: Ticket):
    clock = clock_of(ticket)
    assert login(anna).get(page_of(clock)).status_code == 200
    assert login(staff(groups=["Account manager"])).get(page_of(clock)).status_code == 404


def test_a_promise_is_found_under_its_own_ticket_only(login: Login, anna: User, ticket: Ticket):
    other = opened(-30, contact=ContactFactory(customer=ticket.customer))
    url = reverse("admin:tickets_ticket_explain", args=[other.pk, clock_of(ticket).pk])
    assert login(anna).get(url).status_code == 404


def test_a_signed_out_reader_is_asked_to_sign_in(client: Client, ticket: Ticket):
    assert client.get(page_of(clock_of(ticket))).status_code == 302


def test_a_long_story_costs_no_more_queries_than_a_short_one(
    login: Login, anna: User, ticket: Ticket, count_queries: Callable[[Callable[[], Any]], int]
):
    client, clock = login(anna), clock_of(ticket)
    InboundEmailFactory(message=clock.started_by, ticket=ticket)
    sweep(now=minute(61))  # a step fires and tells people
    read(client, clock)
    before = count_queries(lambda: read(client, clock))
    for number in range(4):
        assign(ticket=ticket, to=staff(), actor=anna, at=minute(62 + number), reason="knows it")
        noted(ticket, 70)
    change_priority(ticket=ticket, priority=Priority.P2, actor=anna, at=minute(80), reason="not on air")
    sweep(now=minute(179))
    ticket.refresh_from_db()
    InboundEmailFactory(message=called(ticket, 185), ticket=ticket)
    assert clock.escalations.count() > 1
    assert count_queries(lambda: read(client, clock)) == before - 1 == 10  # P2 promises one way less


def test_the_explanation_page_has_a_print_style(login: Login, anna: User, ticket: Ticket):
    """The print layout leaves the navigation and buttons out, and black words on white."""
    html = read(login(anna), clock_of(ticket))
    assert 'class="desk explain"' in html
    assert "supportdesk/desk.css" in html
    assert 'id="nav-sidebar"' in html
    css = Path(str(finders.find("supportdesk/desk.css"))).read_text(encoding="utf-8")
    rules = css.partition("@media print {")[2].partition("\n}")[0]
    hidden = next(line for line in rules.splitlines() if "display: none !important" in line)
    assert all(name in hidden for name in ("#nav-sidebar", "#header-inner", ".btn"))
    assert "background: #fff !important" in rules
    assert "--ink: #000" in rules
