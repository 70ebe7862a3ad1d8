"""The export of personal data holds every row, file and mail of a person, and nothing of others or secret."""

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile

from supportdesk.personal_data.exporting import export_personal_data
from supportdesk.personal_data.subjects import Subject
from tests.factories import AttachmentFactory, ContactFactory, ContactWayFactory, CustomerFactory, staff
from tests.rawmail import rawmail
from tests.talk import answered, minute, opened
from tickets.errors import DeskError
from tickets.services.intake import process, receive_raw

pytestmark = pytest.mark.django_db


@pytest.fixture
def director():
    return staff("dora", groups=["Support director"])


@pytest.fixture
def contact():
    customer = CustomerFactory(name="Xanadu", account_manager=staff("ann", groups=["Account manager"]))
    ContactWayFactory(customer=customer, user=None, address="wecombot://botkey-secret")
    return ContactFactory(customer=customer, name="Zebulon", email="zebulon@quartermain.example")


@pytest.fixture
def ticket(contact):
    raw = rawmail(sender="zebulon@quartermain.example", body="The room is black.")
    row = process(receive_raw(raw=raw, received_at=minute(0), via="imap").pk, now=minute(1))
    assert row is not None
    assert row.ticket is not None
    answered(row.ticket, 5)
    AttachmentFactory(message=row.message, name="日志.txt", file=ContentFile(b"frobozz", name="x"))
    return row.ticket


def exported(row: Any, by: Any) -> dict[str, bytes]:
    target = BytesIO()
    export_personal_data(subject=Subject.of(row), actor=by, at=minute(60), target=target)
    with ZipFile(target) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_holds_the_words_of_both_sides_the_files_and_the_mail_as_it_came(contact, ticket, director):
    files = exported(contact, director)
    messages = json.loads(files["tables/tickets.message.json"])
    assert [message["body"] for message in messages] == ["The room is black.", "Please update the SDK."]
    (attachment,) = json.loads(files["tables/tickets.attachment.json"])
    assert attachment["name"] == "日志.txt"
    assert files[f"files/{attachment['id']}"] == b"frobozz"
    (mail,) = json.loads(files["tables/tickets.inboundemail.json"])
    assert b"The room is black." in files[f"mails/{mail['id']}.eml"]
    (row,) = json.loads(files["tables/customers.contact.json"])
    assert (row["name"], row["email"]) == ("Zebulon", "zebulon@quartermain.example")


def test_it_says_whose_when_and_how_much(contact, ticket, director):
    about = json.loads(exported(contact, director)["about.json"])
    assert (about["kind"], about["number"], about["made_at"]) == (
        "contact",
        contact.pk,
        "2026-11-18T13:00:00Z",
    )
    assert about["rows"]["tickets.message"] == 2


def test_nothing_of_others_is_in_it(contact, ticket, director):
    other = opened(0, contact=ContactFactory(customer=contact.customer, name="Dave", email="dave@x.example"))
    everything = b"".join(exported(contact, director).values())
    assert b"dave@x.example" not in everything
    assert f'"ticket_id": {other.pk}'.encode() not in everything


def test_a_customer_is_exported_with_all_contacts_and_no_secret(contact, ticket, director):
    files = exported(contact.customer, director)
    assert json.loads(files["tables/customers.contact.json"])[0]["name"] == "Zebulon"
    assert json.loads(files["tables/escalation.contactway.json"])
    assert b"botkey-secret" not in b"".join(files.values())


def test_the_history_says_who_took_it(contact, ticket, director):
    exported(contact, director)
    entry = LogEntry.objects.get(object_id=str(contact.pk), content_type__model="contact")
    assert (entry.user, entry.action_time) == (director, minute(60))


def test_without_the_right_nobody_gets_it(contact):
    with pytest.raises(DeskError, match="may not export"):
        exported(contact, staff("eve", groups=["Account manager"]))
    assert not LogEntry.objects.exists()
