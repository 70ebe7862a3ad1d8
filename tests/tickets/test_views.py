"""Attachments and the frame of a mail: for those who see the ticket, and harmless whatever they contain."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.factories import AttachmentFactory, MessageFactory, TicketFactory, staff
from tickets.models import Message

pytestmark = pytest.mark.django_db

Login = Callable[[User], Client]
EVIL = "<script>steal()</script><form action='https://evil.example'><input name=p></form>"


@pytest.fixture
def owner() -> User:
    return staff(groups=["Account manager"])


@pytest.fixture
def message(owner: User) -> Message:
    return MessageFactory(ticket=TicketFactory(owner=owner), html="<p>Hello</p>")


def frame(client: Client, message: Message, query: str = "") -> HttpResponse:
    return client.get(reverse("admin:tickets_message_frame", args=[message.pk]) + query)


def policy(response: HttpResponse) -> dict[str, str]:
    parts = response["Content-Security-Policy"].split(";")
    return dict((part.strip() + " ").split(" ", 1) for part in parts)


def test_the_mail_frame_may_run_no_script_and_send_no_form(
    login: Login, owner: User, message: Message
) -> None:
    rules = policy(frame(login(owner), message))
    assert rules["default-src"].strip() == "'none'"
    assert rules["img-src"].strip() == "data: http://testserver"
    assert rules["style-src-elem"].startswith("'nonce-")
    assert rules["form-action"].strip() == "'none'"
    assert "allow-scripts" not in rules["sandbox"]
    assert "allow-same-origin" not in rules["sandbox"]


def test_even_html_that_nobody_sanitised_cannot_run(login: Login, owner: User, message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(html=EVIL)
    rules = policy(frame(login(owner), message))
    assert "script-src" not in rules  # so default-src 'none' rules
    assert "sandbox" in rules


def test_the_frame_may_stand_on_our_own_pages_only(login: Login, owner: User, message: Message) -> None:
    response = frame(login(owner), message)
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert policy(response)["frame-ancestors"].strip() == "'self'"


def test_remote_images_wait_for_a_click(login: Login, owner: User, message: Message) -> None:
    html = '<p>Hi</p><img alt="x" data-src="https://tracker.example/a.png">'
    Message.objects.filter(pk=message.pk).update(html=html)
    client = login(owner)
    before, after = frame(client, message), frame(client, message, "?images=1")
    assert ' src="https://tracker' not in before.content.decode()
    assert '<img alt="x" src="/files/images/' in after.content.decode()
    assert "tracker.example" not in after.content.decode()
    assert policy(before)["img-src"] == policy(after)["img-src"]
    assert after["Referrer-Policy"] == "no-referrer"


def test_images_of_the_mail_itself_are_written_into_the_frame(
    login: Login, owner: User, message: Message
) -> None:
    Message.objects.filter(pk=message.pk).update(
        html='<img src="cid:Logo@x"><img src="cid:gone"><img src="cid:vector">'
    )
    png = {"content_type": "image/png", "file": ContentFile(b"\x89PNG", name="a")}
    AttachmentFactory(message=message, content_id="Logo@x", is_inline=True, **png)
    AttachmentFactory(message=message, content_id="vector", is_inline=True, content_type="image/svg+xml")
    html = frame(login(owner), message).content.decode()
    assert '<img src="data:image/png;base64,iVBORw==">' in html
    assert html.count('<img src="">') == 2


def test_a_stranger_gets_neither_frame_nor_file(login: Login, message: Message) -> None:
    file = AttachmentFactory(message=message)
    client = login(staff(groups=["Account manager"]))
    assert frame(client, message).status_code == 404
    assert client.get(reverse("admin:tickets_attachment", args=[file.pk])).status_code == 404


def test_whoever_is_not_signed_in_is_sent_to_the_login(client: Client, message: Message) -> None:
    file = AttachmentFactory(message=message)
    for response in (frame(client, message), client.get(reverse("admin:tickets_attachment", args=[file.pk]))):
        assert (response.status_code, "/login/" in response.url) == (302, True)


def test_an_attachment_is_downloaded_under_its_name_and_never_shown(
    login: Login, owner: User, message: Message
) -> None:
    file = AttachmentFactory(message=message, name="日志.html", content_type="text/html")
    response: Any = login(owner).get(reverse("admin:tickets_attachment", args=[file.pk]))
    assert b"".join(response.streaming_content) == b"join failed: 4006\n"
    assert response["Content-Disposition"].startswith("attachment;")
    assert "%E6%97%A5%E5%BF%97.html" in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_a_file_that_the_storage_lost_is_not_found(login: Login, owner: User, message: Message) -> None:
    file = AttachmentFactory(message=message)
    file.file.storage.delete(file.file.name)
    assert login(owner).get(reverse("admin:tickets_attachment", args=[file.pk])).status_code == 404
