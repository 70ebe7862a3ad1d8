"""Erasing words on the ticket's page: who may, what it asks for, and what stands in place of the words everywhere."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from escalation.explaining.json_document import as_document
from escalation.explaining.loading import explain
from escalation.models import Clock
from tests.factories import AttachmentFactory, ContactFactory, CustomerFactory, InboundEmailFactory, staff
from tests.talk import minute, opened, words
from tickets.choices import IntakeState, MessageKind
from tickets.models import Message, Ticket
from tickets.services.erasing import erase_words
from tickets.services.mail_marks import mark_as_automatic

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

SECRET = "hunter2"
ITEM = "Erase words …"
ERASED = "Words erased by Dora on 2026-11-18 20:00 (UTC+8, Shanghai): A password."


@pytest.fixture
def anna() -> User:
    return staff("anna", groups=["Account manager"])


@pytest.fixture
def operator() -> User:
    return staff("op", groups=["Operator"], time_zone="Asia/Shanghai")


@pytest.fixture
def dora() -> User:
    user = staff("dora", groups=["Support director"], time_zone="Asia/Shanghai")
    user.first_name = "Dora"
    user.save()
    return user


@pytest.fixture
def ticket(anna: User) -> Ticket:
    contact = ContactFactory(customer=CustomerFactory(account_manager=anna), name="Li Wei")
    secret = words(
        SECRET, quoted=SECRET, html=f"<p>{SECRET}</p>", sender_name=SECRET, reply_to=f"{SECRET}@x.example"
    )
    return opened(contact=contact, words=secret)


@pytest.fixture
def message(ticket: Ticket) -> Message:
    message = ticket.messages.get(kind=MessageKind.INBOUND)
    AttachmentFactory(message=message, name=f"{SECRET}.txt")
    InboundEmailFactory(
        message=message,
        ticket=ticket,
        state=IntakeState.PROCESSED,
        subject=SECRET,
        raw=b"Subject: hunter2\r\n\r\nx",
    )
    return message


def erase(client: Client, message: Message, **more: Any) -> HttpResponse:
    url = reverse("admin:tickets_ticket_act", args=[message.ticket_id, "erase"])
    fields = {
        "token": str(uuid.uuid4()),
        "message": message.pk,
        "reason": "A password.",
        "is_sure": "on",
        **more,
    }
    return client.post(url, {name: value for name, value in fields.items() if value is not None}, follow=True)


def page_of(client: Client, ticket: Ticket) -> str:
    return client.get(reverse("admin:tickets_ticket_change", args=[ticket.pk])).content.decode()


def done(message: Message, by: User) -> None:
    erase_words(message=message, actor=by, at=minute(0), reason="A password.")


@pytest.mark.parametrize("who", ["dora", "operator"])
def test_who_may_erase_is_offered_it_and_erases(login, ticket, message, who, request):
    client = login(request.getfixturevalue(who))
    assert ITEM in page_of(client, ticket)
    html = erase(client, message).content.decode()
    assert "The words of the message are erased." in html
    assert SECRET not in html
    assert ITEM not in html.partition('class="t-side"')[0]
    message.refresh_from_db()
    assert (message.body, message.erase_reason) == ("", "A password.")


def test_nobody_else_is_offered_it_or_gets_through(login, ticket, message, anna):
    client = login(anna)
    assert ITEM not in page_of(client, ticket)
    assert erase(client, message).status_code == 403
    message.refresh_from_db()
    assert message.body == SECRET


def test_an_operator_gets_no_other_act_by_it(login, ticket, message, operator):
    url = reverse("admin:tickets_ticket_act", args=[ticket.pk, "note"])
    answer = login(operator).post(url, {"token": str(uuid.uuid4()), "body": "x"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [({"is_sure": None}, "I know that this cannot be undone"), ({"reason": ""}, "Give a reason")],
)
def test_without_confirmation_or_reason_nothing_is_erased(login, message, dora, missing, sentence):
    assert sentence in erase(login(dora), message, **missing).content.decode()
    message.refresh_from_db()
    assert message.body == SECRET


def test_a_message_of_another_ticket_is_refused(login, ticket, message, dora):
    url = reverse("admin:tickets_ticket_act", args=[opened(1).pk, "erase"])
    fields = {"token": str(uuid.uuid4()), "message": message.pk, "reason": "x", "is_sure": "on"}
    assert "not part of the ticket" in login(dora).post(url, fields).content.decode()
    message.refresh_from_db()
    assert message.body == SECRET


@pytest.mark.parametrize("kind", [MessageKind.INBOUND, MessageKind.AUTOMATIC])
def test_the_page_says_who_erased_when_and_why_in_place_of_the_words(login, ticket, message, dora, kind):
    Message.objects.filter(pk=message.pk).update(kind=kind)
    done(message, dora)
    html = page_of(login(dora), ticket)
    assert ERASED in html
    assert SECRET not in html


def test_in_chinese(login, ticket, message, dora):
    dora.staff_profile.language = "zh-hans"
    dora.staff_profile.save()
    client = login(dora)
    assert "抹除内容…" in page_of(client, ticket)
    done(message, dora)
    assert "内容已由Dora于 2026-11-18 20:00（北京时间，UTC+8）抹除：A password." in page_of(client, ticket)


def test_the_page_costs_no_more_queries_for_erased_messages(login, ticket, message, dora):
    client = login(dora)
    page_of(client, ticket)
    with CaptureQueriesContext(connection) as before:
        page_of(client, ticket)
    done(message, dora)
    with CaptureQueriesContext(connection) as after:
        page_of(client, ticket)
    assert len(after) <= len(before)


def test_the_page_of_the_raw_mail_and_its_original(login, message, dora):
    mail = message.inbound
    done(message, dora)
    client = login(dora)
    html = client.get(reverse("admin:tickets_inboundemail_change", args=[mail.pk])).content.decode()
    assert ERASED in html
    assert SECRET not in html
    assert "Download the original" not in html
    assert client.get(reverse("tickets:original", args=[mail.pk])).status_code == 404


def test_the_page_of_the_mail_of_others_is_as_before(login, message, dora):
    html = (
        login(dora)
        .get(reverse("admin:tickets_inboundemail_change", args=[message.inbound.pk]))
        .content.decode()
    )
    assert "Words erased" not in html
    assert "Download the original" in html


def test_the_explanation_names_the_gap(login, ticket, message, dora):
    done(message, dora)
    clock = Clock.objects.get(ticket=ticket, kind="first_response")
    html = (
        login(dora).get(reverse("admin:tickets_ticket_explain", args=[ticket.pk, clock.pk])).content.decode()
    )
    assert "Words erased by Dora on" in html
    assert SECRET not in html
    explanation = explain(Clock.objects.all(), clock.pk, now=minute(1))
    assert explanation is not None
    assert as_document(explanation)["start"]["erase_reason"] == "A password."


def test_what_is_remembered_of_a_mark_says_it_too(login, message, dora):
    mark_as_automatic(message=message, actor=dora, at=minute(0))
    done(message, dora)
    mark = message.marks.get()
    html = login(dora).get(reverse("admin:tickets_mailmark_change", args=[mark.pk])).content.decode()
    assert ERASED in html
