"""The list of marked mail: who sees which mark, and taking one back."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.adminpages import list_url, page_url
from tests.factories import NOW, ContactFactory, CustomerFactory, MessageFactory, TicketFactory, staff
from tickets.models import MailMark

pytestmark = pytest.mark.django_db

Login = Callable[[User], Client]


@pytest.fixture
def ann() -> User:
    return staff("ann", groups=["Account manager"])


@pytest.fixture
def mark(ann: User) -> MailMark:
    contact = ContactFactory(customer=CustomerFactory(account_manager=ann))
    message = MessageFactory(
        ticket=TicketFactory(owner=ann, customer=contact.customer, contact=contact), body="Nightly report"
    )
    return MailMark.objects.create(
        sender="tool@company.example",
        shape="a" * 64,
        is_automatic=True,
        message=message,
        subject="Report",
        made_at=NOW,
        made_by=ann,
    )


def take_back(client: Client, mark: MailMark) -> None:
    client.post(list_url(MailMark), {"action": "take_back", "_selected_action": [mark.pk]})


def test_a_mark_shows_its_sender_its_kind_and_its_message(login: Login, ann: User, mark: MailMark) -> None:
    html = login(ann).get(list_url(MailMark)).content.decode()
    assert "tool@company.example" in html
    assert "Report" in html
    assert "Nightly report" in login(ann).get(page_url(mark)).content.decode()


def test_a_mark_is_taken_back(login: Login, ann: User, mark: MailMark) -> None:
    take_back(login(ann), mark)
    mark.refresh_from_db()
    assert mark.taken_back_by == ann


def test_users_who_cannot_see_the_ticket_neither_see_nor_take_back_its_marks(
    login: Login, mark: MailMark
) -> None:
    client = login(staff("eve", groups=["Account manager"]))
    assert "tool@company.example" not in client.get(list_url(MailMark)).content.decode()
    take_back(client, mark)
    mark.refresh_from_db()
    assert mark.taken_back_at is None
