"""How many queries a page costs once it is warm, for three rows and for thirty: each waits for the database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from escalation.policies.book import current_book
from tests.factories import (
    NOW,
    AdminFactory,
    ClockFactory,
    ContactFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    EscalationStepFactory,
    HeartbeatFactory,
    MailboxFactory,
    TicketFactory,
    set_desk,
    staff,
)
from tickets.choices import Priority
from tickets.message_content import MessageContent
from tickets.models import Ticket
from tickets.services.conversation import add_customer_message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

HOUR = timedelta(hours=1)
PARTIAL = {"HX-Request": "true"}
CONTROL = ("SAVEPOINT", "RELEASE")  # what BEGIN and COMMIT are outside of a test, and their nested kin


@pytest.fixture
def manager() -> User:
    """An account manager below a lead, on a desk that is well and has a rota."""
    HeartbeatFactory(at=NOW)
    AdminFactory()
    lead = staff("lea", groups=["Team lead"])
    manager = staff("ann", groups=["Account manager"], reports_to=lead)
    set_desk(intake_owner=manager, duty_manager=lead)
    DutyShiftFactory(rota=DutyRotaFactory(), user=manager, starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    return manager


@pytest.fixture(params=["ann", "lea"], ids=["account manager", "lead"])
def client(request: pytest.FixtureRequest, manager: User, login: Callable[[User], Client]) -> Client:
    return login(User.objects.get(username=request.param))


def add_tickets(manager: User, number: int) -> Ticket:
    """Tickets with a promise that moves to the lead in the end, and as many that wait for the customer."""
    for _each in range(number):
        customer = CustomerFactory(account_manager=manager)
        ticket = TicketFactory(
            customer=customer, owner=manager, contact=ContactFactory(customer=customer), priority=Priority.P1
        )
        clock = ClockFactory(ticket=ticket, started_at=NOW - HOUR, due_at=NOW + HOUR, next_step_at=NOW + HOUR)
        EscalationStepFactory(policy=clock.policy_version.policy)
        TicketFactory(customer=customer, owner=manager)
    return ticket


@contextmanager
def counted() -> Iterator[list[dict[str, Any]]]:
    current_book()
    with CaptureQueriesContext(connection) as captured:
        queries: list[dict[str, Any]] = []
        yield queries
    queries += [query for query in captured.captured_queries if not query["sql"].startswith(CONTROL)]


@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "refresh"])
def test_the_board_costs_at_most_14(client: Client, manager: User, headers: dict[str, str]) -> None:
    costs = []
    for number in (3, 27):
        add_tickets(manager, number)
        client.get("/", headers=headers)
        with counted() as queries:
            html = client.get("/", headers=headers).content.decode()
        costs.append(len(queries))
        assert html.count("SD#") > number
    assert costs[0] == costs[1] <= 14


def test_a_ticket_page_costs_at_most_19(client: Client, manager: User) -> None:
    ticket = add_tickets(manager, 3)
    costs = []
    for number in (3, 27):
        for each in range(number):
            content = MessageContent(body=f"More {each}", sender_address=ticket.contact.email)
            add_customer_message(
                ticket=ticket, content=content, received_at=NOW, at=NOW, contact=ticket.contact
            )
        page = reverse("admin:tickets_ticket_change", args=[ticket.pk])
        client.get(page)
        with counted() as queries:
            assert "More 2" in client.get(page).content.decode()
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 19


def test_an_answer_costs_at_most_21(client: Client, manager: User) -> None:
    MailboxFactory(address=parseaddr(settings.DESK_ADDRESS)[1])
    ticket = add_tickets(manager, 3)
    url = reverse("admin:tickets_ticket_act", args=[ticket.pk, "reply"])
    client.get(reverse("admin:tickets_ticket_change", args=[ticket.pk]))
    with counted() as queries:
        response = client.post(url, {"token": str(uuid4()), "seen": 0, "body": "Answer"})
    assert response.status_code == 302
    assert ticket.messages.filter(body="Answer").exists()
    assert len(queries) <= 21, [query["sql"][:90] for query in queries]
