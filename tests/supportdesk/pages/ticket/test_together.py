"""Two people on one ticket: each page learns within seconds who else is here and what was said meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from escalation.templatetags.promises import person
from supportdesk.accounts.session_limits import KEY
from tests.factories import ContactFactory, CustomerFactory, MessageFactory, OutboundMessageFactory, staff
from tests.talk import opened
from tickets.choices import MessageKind
from tickets.models import Presence, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

Login = Callable[[User], Client]


@pytest.fixture
def anna() -> User:
    return staff("anna", groups=["Account manager"])


@pytest.fixture
def bob(anna: User) -> User:
    """Anna's lead, who sees her tickets."""
    lead = staff("bob", groups=["Team lead"])
    anna.staff_profile.reports_to = lead
    anna.staff_profile.save()
    return lead


@pytest.fixture
def ticket(anna: User) -> Ticket:
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=anna)))


def poll(user: User, ticket: Ticket, **asked: Any) -> HttpResponse:
    client = Client()
    client.force_login(user)
    url = reverse("admin:tickets_ticket_news", args=[ticket.pk])
    fields = {"seen": ticket.messages.order_by("pk").last().pk, **asked}
    return client.get(url, fields, headers={"HX-Request": "true"})


def test_a_page_alone_is_told_nothing(anna: User, ticket: Ticket) -> None:
    assert poll(anna, ticket).status_code == 204
    assert Presence.objects.get().user == anna


def test_each_page_names_who_else_is_there_and_who_writes(anna: User, bob: User, ticket: Ticket) -> None:
    poll(anna, ticket, writing="1")
    assert f"{person(anna)} is writing" in poll(bob, ticket).json()["here"]
    assert f"{person(bob)} is viewing" in poll(anna, ticket).json()["here"]


def test_who_left_is_no_longer_named(anna: User, bob: User, ticket: Ticket) -> None:
    poll(anna, ticket)
    assert poll(anna, ticket, leaving="1").status_code == 204
    assert poll(bob, ticket).status_code == 204


def test_names_are_shown_as_text(anna: User, bob: User, ticket: Ticket) -> None:
    User.objects.filter(pk=anna.pk).update(first_name="<b>Anna", last_name="")
    poll(anna, ticket)
    assert "&lt;b&gt;Anna is viewing" in poll(bob, ticket).json()["here"]


def test_of_many_people_six_are_named_and_the_rest_counted(anna: User, bob: User, ticket: Ticket) -> None:
    for _number in range(9):
        colleague = staff(groups=["Support director"])
        poll(colleague, ticket)
    answer = poll(bob, ticket)
    assert answer.json()["here"].count("is viewing") == 6
    assert "+3" in answer.json()["here"]
    assert len(answer.content) < 3000


def test_a_new_message_of_the_customer_is_news(anna: User, ticket: Ticket) -> None:
    seen = ticket.messages.get().pk
    MessageFactory(ticket=ticket, sender_name="Li Wei")
    assert "Li Wei has just written" in poll(anna, ticket, seen=seen).json()["news"]


def test_an_answer_of_a_colleague_is_news_and_an_own_one_is_not(
    anna: User, bob: User, ticket: Ticket
) -> None:
    seen = ticket.messages.get().pk
    OutboundMessageFactory(ticket=ticket, author=bob)
    assert f"{person(bob)} has just answered" in poll(anna, ticket, seen=seen).json()["news"]
    assert poll(bob, ticket, seen=seen).json()["news"] == ""


def test_a_note_is_no_news(anna: User, bob: User, ticket: Ticket) -> None:
    seen = ticket.messages.get().pk
    MessageFactory(ticket=ticket, kind=MessageKind.NOTE, author=bob)
    assert poll(anna, ticket, seen=seen).status_code == 204


@pytest.mark.parametrize("seen", ["", "x", "-1", "٣", "9" * 40])
def test_a_nonsensical_question_counts_as_having_seen_nothing(anna: User, ticket: Ticket, seen: str) -> None:
    assert "has just written" in poll(anna, ticket, seen=seen).json()["news"]


def test_who_may_not_see_the_ticket_neither_learns_nor_leaves_anything(ticket: Ticket) -> None:
    assert poll(staff(groups=["Account manager"]), ticket).status_code == 404
    assert not Presence.objects.exists()


def test_a_poll_keeps_no_session_alive(login: Login, anna: User, ticket: Ticket, frozen: Any) -> None:
    client = login(anna)
    url = reverse("admin:tickets_ticket_news", args=[ticket.pk])
    client.get("/")
    before = client.session[KEY]["seen"]
    frozen.shift(3600)
    client.get(url, headers={"HX-Request": "true"})
    assert client.session[KEY]["seen"] == before


def test_a_poll_costs_few_queries_whoever_is_there(anna: User, bob: User, ticket: Ticket) -> None:
    for user in (anna, bob):
        poll(user, ticket)
    with CaptureQueriesContext(connection) as queries:
        assert poll(anna, ticket).status_code == 200
    own = [query["sql"] for query in queries if "session" not in query["sql"]]
    assert sum("presence" in sql for sql in own) == 1
    assert not any('INSERT INTO "tickets' in sql for sql in own)
