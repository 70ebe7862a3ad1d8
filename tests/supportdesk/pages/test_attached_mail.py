"""An attached mail as a page: for those who see the ticket, as inert as a message, mails inside mails included."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.factories import AttachmentFactory, MessageFactory, TicketFactory, staff
from tests.rawmail import rawmail
from tickets.models import Attachment, Message

pytestmark = pytest.mark.django_db

Login = Callable[[User], Client]
PIXEL = b"iVBORw0KGgo="


@pytest.fixture
def owner() -> User:
    return staff(groups=["Account manager"])


@pytest.fixture
def message(owner: User) -> Message:
    return MessageFactory(ticket=TicketFactory(owner=owner))


def part(kind: str, body: bytes, *headers: str) -> bytes:
    return "\r\n".join(["--b", f"Content-Type: {kind}", *headers, "", ""]).encode() + body + b"\r\n"


def mail_of(*parts: bytes, boundary: str = "b", **more: Any) -> bytes:
    head = rawmail(content_type=f'multipart/mixed; boundary="{boundary}"', body="", **more)
    return (
        head
        + b"".join(parts).replace(b"--b\r\n", f"--{boundary}\r\n".encode())
        + f"--{boundary}--\r\n".encode()
    )


LOG = ("text/plain; name=join.log", b"x", "Content-Disposition: attachment")


def attached(message: Message, data: bytes, **more: Any) -> Attachment:
    fields = {"name": "Fwd.eml", "content_type": "message/rfc822", **more}
    return AttachmentFactory(message=message, file=ContentFile(data, name="x"), **fields)


def opened(client: Client, file: Attachment, place: str = "", kind: str = "") -> HttpResponse:
    address = reverse(f"admin:tickets_attached_mail{kind}", args=[file.pk])
    return client.get(f"{address}?in={place}")


def test_the_head_the_words_and_the_files_of_an_attached_mail_are_shown(
    login: Login, owner: User, message: Message
) -> None:
    data = mail_of(
        part("text/plain", b"Since ten."),
        part(*LOG),
        sender="Chen <chen@company.example>",
        subject="No <b>sound</b>",
    )
    file = attached(message, data)
    client = login(owner)
    page = opened(client, file).content.decode()
    shown = (
        "Chen &lt;chen@company.example&gt;",
        "support@desk.example",
        "No &lt;b&gt;sound&lt;/b&gt;",
        "Since ten.",
    )
    assert [text for text in shown if text not in page] == []
    assert "nobody checked its sender" in page
    assert f"{reverse('admin:tickets_attached_mail_file', args=[file.pk])}?in=1" not in page
    assert f"{reverse('admin:tickets_attached_mail_file', args=[file.pk])}?in=0" in page
    download = opened(client, file, "0", "_file")
    assert b"".join(download.streaming_content) == b"x"
    assert 'filename="join.log"' in download.headers["Content-Disposition"]
    assert "sandbox" in download.headers["Content-Security-Policy"]


def test_the_ticket_page_offers_to_open_it(login: Login, owner: User, message: Message) -> None:
    file = attached(message, rawmail())
    page = login(owner).get(reverse("admin:tickets_ticket_change", args=[message.ticket_id])).content.decode()
    assert reverse("admin:tickets_attached_mail", args=[file.pk]) in page


def test_a_mail_inside_an_attached_mail_is_opened_too(login: Login, owner: User, message: Message) -> None:
    inner = mail_of(part("text/plain", b"Deep words."), part(*LOG), boundary="inner")
    outer = mail_of(part("text/plain", b"See below."), part("message/rfc822", inner))
    file, client = attached(message, outer), login(owner)
    assert "?in=0" in opened(client, file).content.decode()
    page = opened(client, file, "0").content.decode()
    assert "Deep words." in page
    assert "?in=0-0" in page
    assert b"".join(opened(client, file, "0-0", "_file").streaming_content) == b"x"


HOSTILE = b'<p onclick="steal()">Hi</p><script>steal()</script><img src="https://t.example/a.png"><img src="cid:pix">'


def test_its_html_stands_in_a_frame_that_can_do_nothing(login: Login, owner: User, message: Message) -> None:
    image = part("image/png", PIXEL, "Content-ID: <pix>", "Content-Transfer-Encoding: base64")
    file = attached(message, mail_of(part("text/html", HOSTILE), image))
    client = login(owner)
    response = opened(client, file, kind="_frame")
    body = response.content.decode()
    assert "steal" not in body
    assert ' src="https://t.example' not in body
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in body
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    address = reverse("admin:tickets_attached_mail_frame", args=[file.pk])
    with_images = client.get(f"{address}?images=1").content.decode()
    assert ' src="/files/images/' in with_images
    assert "t.example" not in with_images


@pytest.mark.parametrize("kind", ["", "_frame", "_file"])
def test_who_may_not_see_the_ticket_finds_nothing(login: Login, message: Message, kind: str) -> None:
    file = attached(message, mail_of(part("text/html", b"<p>x</p>"), part(*LOG)))
    for reader in (staff(groups=["Account manager"]), staff()):
        assert opened(login(reader), file, "0" if kind == "_file" else "", kind).status_code == 404


@pytest.mark.parametrize("place", ["9", "x", "0", "-", "0-0-0-0-0-0-0", "../1", "99999", "1" * 500])
@pytest.mark.parametrize("kind", ["", "_file"])
def test_a_place_where_no_mail_is_is_not_found(
    login: Login, owner: User, message: Message, place: str, kind: str
):
    assert opened(login(owner), attached(message, rawmail()), place, kind).status_code == 404


def test_a_file_that_is_no_mail_cannot_be_opened(login: Login, owner: User, message: Message) -> None:
    log = attached(message, b"log", name="join.log", content_type="text/plain")
    assert opened(login(owner), log).status_code == 404


@pytest.mark.parametrize("data", [b"", b"\x00\x01rubbish"])
def test_an_unreadable_mail_can_still_be_downloaded(
    login: Login, owner: User, message: Message, data: bytes
) -> None:
    file = attached(message, data)
    page = opened(login(owner), file).content.decode()
    assert "cannot be read as an email" in page
    assert reverse("admin:tickets_attachment", args=[file.pk]) in page


def test_a_file_by_its_name_only_is_a_mail_too(login: Login, owner: User, message: Message) -> None:
    file = attached(
        message, rawmail(body="By its name."), name="Mail.EML", content_type="application/octet-stream"
    )
    assert "By its name." in opened(login(owner), file).content.decode()


def test_a_file_that_the_storage_lost_is_not_found(login: Login, owner: User, message: Message) -> None:
    file = attached(message, rawmail())
    file.file.storage.delete(file.file.name)
    assert opened(login(owner), file).status_code == 404
