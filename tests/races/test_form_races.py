"""A form sent many times at once, on PostgreSQL: it acts once, and an answer never overtakes a newer question."""

import uuid
from collections import Counter
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from escalation.models import ContactWay
from escalation.notifications.contact_ways import MOST_WAYS, ensure_room
from supportdesk.pages.ticket.actions import ACTS, ActionContext, act_once
from supportdesk.pages.ticket.newer import NewerMessage
from tests.factories import (
    ContactFactory,
    CustomerFactory,
    DutyRotaFactory,
    NotificationFactory,
    set_desk,
    staff,
)
from tests.races.test_races import at_once
from tests.talk import asked, minute, opened
from tickets.choices import MessageKind
from tickets.models import Ticket

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ticket() -> Ticket:
    set_desk(duty_manager=staff("duty"))
    ann = staff("ann")
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)))


def replying(ticket: Ticket, actor: User, *, token: uuid.UUID, seen: int) -> Callable[[], str]:
    data = {"token": token, "seen": seen, "body": "Please update.", "uploads": [], "copies": [], "then": ""}

    def reply() -> str:
        try:
            act_once(ACTS["reply"], ActionContext(ticket, actor, minute(5), data))
        except NewerMessage:
            return "held"
        return "sent"

    return reply


def test_a_form_sent_eight_times_at_once_answers_once(ticket: Ticket) -> None:
    token, last_seen = uuid.uuid4(), ticket.messages.get().pk
    clicks = [replying(ticket, ticket.owner, token=token, seen=last_seen) for _click in range(8)]
    assert Counter(at_once(clicks)) == {"sent": 8}
    assert ticket.messages.filter(kind=MessageKind.OUTBOUND).count() == 1


def test_an_answer_never_overtakes_a_newer_question_unseen(ticket: Ticket) -> None:
    """Either the answer was first, or it was held; sent after the question without having seen it never."""
    last_seen = ticket.messages.get().pk

    def ask() -> str:
        asked(ticket, 5)
        return "asked"

    results = at_once([replying(ticket, ticket.owner, token=uuid.uuid4(), seen=last_seen), ask])
    kinds = list(ticket.messages.filter(pk__gt=last_seen).order_by("pk").values_list("kind", flat=True))
    assert (results[0], kinds) in [
        ("sent", [MessageKind.OUTBOUND, MessageKind.INBOUND]),
        ("held", [MessageKind.INBOUND]),
    ]


def test_of_two_colleagues_who_answer_at_once_one_is_held(ticket: Ticket) -> None:
    last_seen = ticket.messages.get().pk
    team = [staff(f"colleague-{number}") for number in range(4)]
    results = at_once([replying(ticket, each, token=uuid.uuid4(), seen=last_seen) for each in team])
    assert Counter(results) == {"sent": 1, "held": 3}
    assert ticket.messages.filter(kind=MessageKind.OUTBOUND).count() == 1


def test_contact_ways_entered_at_once_count_towards_one_limit() -> None:
    ann = staff("ann")
    given = {"medium": "chat", "name": "Bot", "address": "wecombot://botkey-4711", "position": "1"}

    def add() -> str:
        client = Client()
        client.force_login(ann)
        page = client.post(reverse("admin:escalation_contactway_add"), given)
        return "taken" if page.status_code == 302 else "refused"

    ann.groups.add(Group.objects.get(name="Account manager"))
    assert Counter(at_once([add] * 12)) == {"taken": MOST_WAYS, "refused": 12 - MOST_WAYS}
    assert ContactWay.objects.filter(user=ann).count() == MOST_WAYS


@pytest.mark.parametrize("column", ["recipient", "rota", "customer"])
def test_entering_a_contact_way_holds_up_no_notification(column: str) -> None:
    """The name of its host may take long to resolve while the owner is locked; the sweep does not wait for that."""
    group = {"recipient": staff("ann"), "rota": DutyRotaFactory(), "customer": CustomerFactory()}[column]

    def tell() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        NotificationFactory(**{"recipient": None, column: group})
        return "told"

    with transaction.atomic():
        ensure_room(group)
        assert at_once([tell]) == ["told"]
