"""Attachments and original mails leave only to those who see their ticket, and harm nobody's browser."""

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from tests.factories import (
    AdminFactory,
    AttachmentFactory,
    InboundEmailFactory,
    TicketFactory,
    UserFactory,
    staff,
)
from tests.pageheaders import without_nonce
from tickets.views import download_name

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return staff("ann", groups=["Account manager"])


def address(row):
    return reverse("admin:tickets_attachment" if hasattr(row, "file") else "tickets:original", args=[row.pk])


def fetch(client, row):
    """The answer for a file with its whole body read, so that nothing stays open."""
    response = client.get(address(row))
    response.body = b"".join(response.streaming_content) if response.streaming else response.content
    return response


def test_an_attachment_comes_byte_for_byte_as_a_download(login, ann):
    data = bytes(range(256))
    file = AttachmentFactory(
        message__ticket__owner=ann, name="日志.bin", file=ContentFile(data, name="x"), content_type="x/y"
    )
    response = fetch(login(ann), file)
    assert response.body == data
    assert response.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''%E6%97%A5")
    assert response.headers["Content-Type"] == "application/octet-stream"


def test_an_original_mail_comes_byte_for_byte(login, ann):
    raw = b"Subject: \xff\x00 broken\r\n\r\n\xb0\xe0"
    mail = InboundEmailFactory(ticket=TicketFactory(owner=ann), raw=raw)
    response = fetch(login(ann), mail)
    assert response.body == raw
    assert response.headers["Content-Disposition"] == f'attachment; filename="mail-{mail.pk}.eml"'


@pytest.mark.parametrize("make", [AttachmentFactory, InboundEmailFactory])
def test_a_browser_is_told_to_run_nothing_and_keep_nothing(login, make):
    response = fetch(login(AdminFactory()), make())
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    "kind", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "a\r\nX: y"]
)
def test_an_active_type_is_sent_as_plain_bytes(login, kind):
    response = fetch(login(AdminFactory()), AttachmentFactory(content_type=kind))
    assert response.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("make", [AttachmentFactory, InboundEmailFactory])
def test_a_guessed_number_of_a_foreign_file_answers_as_a_missing_one(login, ann, make):
    file = make()
    client = login(ann)
    there = fetch(client, file)
    file.pk += 1000
    missing = fetch(client, file)
    assert there.status_code == missing.status_code == 404
    assert without_nonce(there.body) == without_nonce(missing.body)


@pytest.mark.parametrize("make", [AttachmentFactory, InboundEmailFactory])
def test_nobody_signed_in_is_sent_to_the_login(client, make):
    response = fetch(client, make())
    assert response.status_code == 302
    assert "/login/" in response.headers["Location"]


@pytest.mark.parametrize("make", [AttachmentFactory, InboundEmailFactory])
def test_a_login_without_any_group_gets_no_file(login, make):
    nobody = UserFactory(groups=[])
    file = make(message__ticket__owner=nobody) if make is AttachmentFactory else make()
    assert fetch(login(nobody), file).status_code == 404


def test_parked_mail_is_not_for_account_managers(login, ann):
    mail = InboundEmailFactory(ticket=None)
    assert fetch(login(ann), mail).status_code == 404
    assert fetch(login(staff(groups=["Team lead"])), mail).status_code == 200


def test_a_file_lost_from_the_storage_is_a_404_and_not_a_crash(login):
    file = AttachmentFactory()
    file.file.storage.delete(file.file.name)
    assert fetch(login(AdminFactory()), file).status_code == 404


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\r\nSet-Cookie: x=1", "a__Set-Cookie: x=1"),
        ("invoice\u202egnp.exe", "invoice_gnp.exe"),
        ("日志 1.txt", "日志 1.txt"),
        ("...", "file"),
        ("", "file"),
        ("C:\\temp\\x.txt", "C:_temp_x.txt"),
    ],
)
def test_a_download_name_loses_characters_that_could_disguise_it(name, shown):
    assert download_name(name) == shown


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=1", 'quo"te.txt', "x" * 255])
def test_a_hostile_file_name_does_not_break_the_answer(login, name):
    response = fetch(login(AdminFactory()), AttachmentFactory(name=name))
    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers
