"""Files in an object store: nothing needs a shared folder, and what the store does to us is said and not lost."""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from escalation.exports.pack import export_week
from escalation.lib.weeks import Week
from supportdesk.buckets import BucketAddress
from supportdesk.models import ErasureRequest
from supportdesk.monitoring.check_results import Check
from supportdesk.monitoring.health import health
from supportdesk.personal_data.erasing import begin_erasure, carry_on
from supportdesk.personal_data.subjects import Subject
from supportdesk.storage_trial import try_storage
from tests.factories import (
    AdminFactory,
    AttachmentFactory,
    ContactFactory,
    CustomerFactory,
    HeartbeatFactory,
    MailboxFactory,
    set_desk,
    staff,
)
from tests.objectstores import NOWHERE, ObjectStore, object_store, storages_at
from tests.talk import minute, opened
from tickets import tasks
from tickets.choices import IntakeState, MessageKind
from tickets.models import Attachment, InboundEmail, Message, OutboundEmail, Ticket
from tickets.services.intake import receive_raw

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture(scope="module")
def started() -> Iterator[ObjectStore]:
    with object_store() as store:
        yield store


@pytest.fixture
def store(started: ObjectStore, settings: Any) -> Iterator[ObjectStore]:
    """The desk's files lie in it."""
    settings.STORAGES = storages_at(started.url)
    settings.FILES_BUCKET = BucketAddress.parse(started.url)
    yield started
    started.clear()


@pytest.fixture
def is_away(settings: Any, started: ObjectStore) -> Callable[[], None]:
    def leave() -> None:
        settings.STORAGES = storages_at(started.url_of(started.bucket, endpoint=NOWHERE))

    return leave


@pytest.fixture
def refuses(settings: Any, started: ObjectStore) -> Callable[[], None]:
    def refuse() -> None:
        settings.STORAGES = storages_at(started.url_of("somebody-elses"))

    return refuse


@pytest.fixture
def lea() -> User:
    lea = staff("lea", groups=["Team lead"])
    set_desk(intake_owner=lea, duty_manager=lea)
    return lea


@pytest.fixture
def client(login: Callable[[User], Client], lea: User) -> Client:
    client = login(lea)
    client.raise_request_exception = False
    return client


@pytest.fixture
def ticket(lea: User) -> Ticket:
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=lea)))


def send(client: Client, ticket: Ticket, act: str, *names: str) -> Any:
    uploads = [SimpleUploadedFile(name, b"lines") for name in names]
    data = {
        "token": str(uuid.uuid4()),
        "seen": str(ticket.messages.filter(kind=MessageKind.INBOUND).last().pk),
        "body": "Set the codec.",
        "uploads": uploads,
    }
    return client.post(reverse("admin:tickets_ticket_act", args=[ticket.pk, act]), data)


def download(client: Client, row: Attachment) -> Any:
    return client.get(reverse("admin:tickets_attachment", args=[row.pk]))


def mail_with_a_file(now: datetime) -> InboundEmail:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "li@company.example", "support@desk.example", "No sound"
    mail["Message-ID"] = f"<{uuid.uuid4()}@company.example>"
    mail.set_content("The log is attached.")
    mail.add_attachment(b"join failed: 4006", maintype="text", subtype="plain", filename="log.txt")
    return receive_raw(raw=mail.as_bytes(), received_at=now, via="imap")


@pytest.mark.parametrize("act", ["reply", "note"])
def test_a_file_goes_to_the_store_and_comes_back(
    store: ObjectStore, client: Client, ticket: Ticket, act: str
) -> None:
    assert send(client, ticket, act, "plan.txt").status_code == 302
    row = Attachment.objects.get()
    assert store.names() == {f"prefix/of/ours/{row.file.name}"}
    assert b"".join(download(client, row).streaming_content) == b"lines"


def test_a_form_sent_twice_leaves_one_file(store: ObjectStore, client: Client, ticket: Ticket) -> None:
    data = {"token": str(uuid.uuid4()), "seen": "0", "body": "Set the codec."}
    url = reverse("admin:tickets_ticket_act", args=[ticket.pk, "note"])
    for _click in range(2):
        client.post(url, {**data, "uploads": [SimpleUploadedFile("plan.txt", b"lines")]})
    assert store.names() == {f"prefix/of/ours/{Attachment.objects.get().file.name}"}


@pytest.mark.parametrize("fault", ["is_away", "refuses"])
def test_an_answer_that_the_store_does_not_take_keeps_its_words(
    store: ObjectStore, client: Client, ticket: Ticket, fault: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(fault)()
    html = send(client, ticket, "reply", "plan.txt").content.decode()
    assert "Nothing was saved: the files cannot be stored now (the file store: " in html
    assert "Set the codec." in html
    assert not Message.objects.filter(kind=MessageKind.OUTBOUND).exists()
    assert send(client, ticket, "reply").status_code == 302  # without files


def test_a_download_from_a_store_that_is_away_says_so(
    store: ObjectStore, client: Client, ticket: Ticket, is_away: Callable[[], None]
) -> None:
    send(client, ticket, "note", "plan.txt")
    is_away()
    answer = download(client, Attachment.objects.get())
    assert answer.status_code == 503
    assert "The file store cannot be reached" in answer.content.decode()


@pytest.mark.parametrize("fault", ["is_away", "refuses"])
def test_mail_with_files_waits_for_the_store_and_other_mail_does_not(
    store: ObjectStore,
    ticket: Ticket,
    now: datetime,
    fault: str,
    settings: Any,
    request: pytest.FixtureRequest,
) -> None:
    with_file = mail_with_a_file(now)
    plain = receive_raw(
        raw=b"From: mo@other.example\r\nTo: support@desk.example\r\nSubject: Hi\r\n\r\nNo video.",
        received_at=now,
        via="imap",
    )
    request.getfixturevalue(fault)()
    assert tasks.process_stored() == "processed 1"
    with_file.refresh_from_db()
    plain.refresh_from_db()
    assert (with_file.state, with_file.attempts, plain.state) == (
        IntakeState.STORED,
        0,
        IntakeState.PROCESSED,
    )
    settings.STORAGES = storages_at(store.url)
    assert tasks.process_stored() == "processed 1"
    with_file.refresh_from_db()
    assert with_file.state == IntakeState.PROCESSED
    assert store.names() == {f"prefix/of/ours/{Attachment.objects.get().file.name}"}


def test_the_weekly_pack_lies_in_the_store(store: ObjectStore, lea: User, now: datetime) -> None:
    frozen = export_week(week=Week(2026, 46), at=now, actor=None)
    assert store.names() == {f"prefix/of/ours/{file.path}" for file in frozen.files.all()}
    assert len(store.names()) == 8


def test_files_and_packs_of_an_erased_person_leave_the_store(
    store: ObjectStore, lea: User, now: datetime
) -> None:
    contact = ContactFactory(name="Zebulon Quartermain", customer=CustomerFactory(account_manager=lea))
    ticket = opened(0, contact=contact)
    AttachmentFactory(message=ticket.messages.get(), file=ContentFile(b"frobozz", name="x"))
    OutboundEmail.objects.update(state="accepted")
    Ticket.objects.update(subject="Zebulon Quartermain is stuck")
    export_week(week=Week(2026, 47), at=minute(8 * 24 * 60), actor=lea)
    OutboundEmail.objects.update(state="accepted")
    names = set(store.names())
    erasure = begin_erasure(
        subject=Subject.of(contact), actor=AdminFactory(), at=minute(9 * 24 * 60), requested_by=ErasureRequest.PERSON,
        reason="A request.", though_open=True,
    )  # fmt: skip
    carry_on(erasure.pk, read_clock=lambda: minute(9 * 24 * 60), may_go_on=lambda: True)
    assert tasks.remove_erased_files() == "removed 2"
    assert len(names - set(store.names())) == 2
    contents = [
        store.client.get_object(Bucket=store.bucket, Key=name)["Body"].read() for name in store.names()
    ]
    assert len(contents) > 5
    assert not any(b"frobozz" in content or b"Quartermain" in content for content in contents)


def test_the_night_finds_what_a_dead_process_left_in_the_store(
    store: ObjectStore, client: Client, ticket: Ticket, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client, ticket, "note", "plan.txt")
    used = Attachment.objects.get().file.name
    store.client.put_object(
        Bucket=store.bucket, Key=f"prefix/of/ours/attachments/{now:%Y-%m-%d}/left", Body=b"x"
    )
    times: Any = type(default_storage._wrapped)
    monkeypatch.setattr(
        times, "get_modified_time", lambda _storage, _name: now - tasks.stored_files.UNUSED_FROM * 2
    )
    assert tasks.remove_unused_files() == "removed 1"
    assert store.names() == {f"prefix/of/ours/{used}"}


def test_health_names_a_store_that_cannot_be_written(
    store: ObjectStore, now: datetime, is_away: Callable[[], None], settings: Any
) -> None:
    HeartbeatFactory(name="sweep", at=now)
    AdminFactory(email="root@desk.example")
    assert try_storage(at=now) == "stored"
    assert store.names() == set()
    assert [each.check for each in health(now=now).problems] == []
    is_away()
    later = now.replace(minute=now.minute + 1)
    assert try_storage(at=later) == "failed"
    (problem,) = [each for each in health(now=now).problems if each.check == Check.FILES]
    assert "s3://desk-files/prefix/of/ours" in problem.text
    assert "EndpointConnectionError" in problem.text
    settings.STORAGES = storages_at(store.url)
    try_storage(at=later.replace(minute=later.minute + 1))
    assert [each for each in health(now=now).problems if each.check == Check.FILES] == []


@pytest.fixture
def in_transactions(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each file that is stored, whether a transaction was open, in which locks are held."""
    seen: list[bool] = []
    save = default_storage.save

    def save_and_see(name: str, content: Any) -> str:
        seen.append(connection.in_atomic_block)
        return save(name, content)

    monkeypatch.setattr(default_storage, "save", save_and_see)
    return seen


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["reply", "note"])
def test_a_page_stores_files_before_its_transaction(
    in_transactions: list[bool], client: Client, ticket: Ticket, act: str
) -> None:
    assert send(client, ticket, act, "one.txt", "two.txt").status_code == 302
    assert in_transactions == [False, False]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("others", [0, 3])
def test_mail_is_brought_to_its_ticket_after_its_files_are_stored(
    in_transactions: list[bool], lea: User, now: datetime, others: int
) -> None:
    MailboxFactory(address="support@desk.example")
    for number in range(others):
        raw = f"From: a{number}@other.example\r\nTo: support@desk.example\r\nSubject: Hi\r\n\r\nNo video."
        receive_raw(raw=raw.encode(), received_at=now, via="imap")
    row = mail_with_a_file(now)
    assert tasks.process_stored() == f"processed {others + 1}"
    row.refresh_from_db()
    assert row.state == IntakeState.PROCESSED
    assert in_transactions == [False]


@pytest.mark.django_db(transaction=True)
def test_a_pack_is_stored_before_its_transaction(
    in_transactions: list[bool], lea: User, now: datetime
) -> None:
    export_week(week=Week(2026, 46), at=now, actor=None)
    assert in_transactions == [False] * 8
