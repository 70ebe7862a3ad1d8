"""While a slow storage takes a file, the ticket that the file is for is free for everybody else."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections, transaction
from django.test import Client
from django.urls import reverse

from tests.factories import ContactFactory, CustomerFactory, MailboxFactory, set_desk, staff
from tests.objectstores import Gate
from tests.talk import opened
from tickets import tasks
from tickets.models import Attachment, InboundEmail, Ticket
from tickets.services.intake import receive_raw

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen")]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Files are stored once it is opened."""
    gate, save = Gate(), default_storage.save

    def save_slowly(name: str, content: Any) -> str:
        gate.wait()
        return save(name, content)

    monkeypatch.setattr(default_storage, "save", save_slowly)
    yield gate
    gate.opened.set()


@pytest.fixture
def ticket() -> Ticket:
    lea = staff("lea", groups=["Team lead"])
    set_desk(intake_owner=lea, duty_manager=lea)
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=lea)))


@contextmanager
def meanwhile(act: Callable[[], Any], gate: Gate) -> Iterator[None]:
    """The block runs while the act waits for the storage; then the act ends."""

    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert gate.reached.wait(30)
        yield
    finally:
        gate.opened.set()
        thread.join(30)


def change_at_once(ticket: Ticket) -> None:
    """Raises if anybody holds the ticket's row."""
    with transaction.atomic():
        Ticket.objects.select_for_update(nowait=True).get(pk=ticket.pk)
        Ticket.objects.filter(pk=ticket.pk).update(subject="Changed meanwhile")


@pytest.mark.parametrize("act", ["reply", "note"])
def test_a_page_that_stores_a_file_holds_no_ticket(
    gate: Gate, ticket: Ticket, login: Callable[[User], Client], act: str
) -> None:
    client = login(ticket.owner)
    data = {
        "token": str(uuid.uuid4()), "seen": str(ticket.messages.get().pk), "body": "Set the codec.",
        "uploads": [SimpleUploadedFile("plan.txt", b"lines")],
    }  # fmt: skip
    url = reverse("admin:tickets_ticket_act", args=[ticket.pk, act])
    with meanwhile(lambda: client.post(url, data), gate):
        change_at_once(ticket)
    assert Attachment.objects.get().message.ticket.subject == "Changed meanwhile"


def answer_with_file(ticket: Ticket, now: datetime) -> InboundEmail:
    MailboxFactory(address="help@desk.example")
    mail = EmailMessage()
    mail["From"], mail["To"] = ticket.contact.email, "help@desk.example"
    mail["Subject"], mail["Message-ID"] = f"Re: [SD#{ticket.pk}]", "<one@company.example>"
    mail.set_content("The log is attached.")
    mail.add_attachment(b"join failed", maintype="text", subtype="plain", filename="log.txt")
    return receive_raw(raw=mail.as_bytes(), received_at=now, via="imap")


def test_mail_whose_file_is_stored_holds_no_ticket(gate: Gate, ticket: Ticket, now: datetime) -> None:
    row = answer_with_file(ticket, now)
    with meanwhile(lambda: tasks.process_one(row.pk), gate):
        change_at_once(ticket)
        with transaction.atomic():
            InboundEmail.objects.select_for_update(nowait=True).get(pk=row.pk)
    assert Attachment.objects.get().message.ticket_id == InboundEmail.objects.get(pk=row.pk).ticket_id


def test_two_workers_that_store_the_same_file_leave_one(gate: Gate, ticket: Ticket, now: datetime) -> None:
    row = answer_with_file(ticket, now)
    with meanwhile(lambda: tasks.process_one(row.pk), gate):
        gate.opened.set()
        tasks.process_one(row.pk)
    connection.close()
    row.refresh_from_db()
    folder = f"attachments/{now:%Y-%m-%d}"
    assert [f"{folder}/{name}" for name in default_storage.listdir(folder)[1]] == [
        Attachment.objects.get().file.name
    ]
