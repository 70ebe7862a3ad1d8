"""A desk that cannot store anything says so on the page, and what somebody wrote stays there."""

import errno
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InterfaceError, OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import translation

from supportdesk.pages.faults import faults_as_sentences
from tests.factories import ContactFactory, CustomerFactory, set_desk, staff
from tests.talk import opened
from tickets.choices import MessageKind
from tickets.errors import DeskError
from tickets.models import Message, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def lea() -> User:
    lea = staff("lea", groups=["Team lead"])
    set_desk(intake_owner=lea, duty_manager=lea)
    return lea


@pytest.fixture
def client(login: Callable[[User], Client], lea: User) -> Client:
    return login(lea)


@pytest.fixture
def ticket(lea: User) -> Ticket:
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=lea)))


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The first file still finds room."""
    save, rooms = default_storage.save, iter([True])

    def refuse(name: str, content: Any, **more: Any) -> str:
        if next(rooms, False):
            return save(name, content, **more)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(default_storage, "save", refuse)
    yield
    monkeypatch.undo()


def answer(client: Client, ticket: Ticket, *names: str) -> str:
    url = reverse("admin:tickets_ticket_act", args=[ticket.pk, "reply"])
    seen = ticket.messages.get().pk
    uploads = [SimpleUploadedFile(name, b"lines") for name in names]
    data = {"token": str(uuid.uuid4()), "seen": str(seen), "body": "Set the codec.", "uploads": uploads}
    response = client.post(url, data)
    assert response.status_code == 200
    return response.content.decode()


def answers() -> list[Message]:
    return list(Message.objects.filter(kind=MessageKind.OUTBOUND))


@pytest.mark.usefixtures("full_disk")
def test_an_answer_whose_files_find_no_room_says_so_and_keeps_its_words(
    client: Client, ticket: Ticket
) -> None:
    html = answer(client, ticket, "one.txt", "two.txt")
    assert "the files cannot be stored now (No space left on device)" in html
    assert "Set the codec." in html
    assert answers() == []
    assert [path for path in Path(default_storage.path("")).rglob("*") if path.is_file()] == []


def test_an_answer_that_the_database_cannot_take_says_so_and_keeps_its_words(
    client: Client, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_words: object, **_more: object) -> None:
        raise OperationalError from sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("tickets.services.conversation.queue_reply", refuse)
    html = answer(client, ticket)
    assert "the database cannot store anything now" in html
    assert "Set the codec." in html
    assert answers() == []


def test_a_new_ticket_that_the_database_cannot_take_says_so_and_keeps_its_words(
    client: Client, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_more: object) -> None:
        raise OperationalError from sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr("supportdesk.pages.ticket.opening.open_ticket", refuse)
    data = {
        "token": str(uuid.uuid4()), "subject": "No sound", "body": "They called.", "channel": "phone", "priority": "1",
        "contact": ticket.contact_id, "customer": ticket.customer_id, "happened_at": "2026-11-18T17:30",
    }  # fmt: skip
    response = client.post(reverse("admin:tickets_ticket_add"), data)
    html = response.content.decode()
    assert "the database cannot store anything now" in html
    assert "They called." in html


def sentence_about(error: Exception, cause: Exception | None) -> str:
    with pytest.raises(DeskError) as refused, faults_as_sentences():
        raise error from cause
    return str(refused.value)


@pytest.mark.parametrize(("error", "cause"), [
    (OperationalError("consuming input failed: server closed the connection"), psycopg.OperationalError()),
    (OperationalError("terminating connection"), psycopg.errors.AdminShutdown()),
    (OperationalError("connection failure"), psycopg.errors.ConnectionFailure()),
    (InterfaceError("connection already closed"), None),
])  # fmt: skip
def test_where_the_connection_broke_nobody_claims_that_nothing_was_saved(
    error: Exception, cause: Exception | None
) -> None:
    """The server may have committed, and only its answer be lost."""
    words = sentence_about(error, cause)
    assert "may not have been saved" in words
    assert "Look at the ticket before you try again." in words
    with translation.override("zh-hans"):
        assert "可能未保存" in sentence_about(error, cause)


@pytest.mark.parametrize(
    "cause", [psycopg.errors.DiskFull(), sqlite3.OperationalError("database or disk is full")]
)
def test_what_the_database_refused_was_not_saved(cause: Exception) -> None:
    assert "Nothing was saved: the database" in sentence_about(OperationalError("no room"), cause)
