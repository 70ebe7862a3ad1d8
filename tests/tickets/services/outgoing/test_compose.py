"""The mail that leaves: its parts, its headers, its files, and that nothing breaks out of a header."""

from email import message_from_bytes
from email.message import Message as Mail
from email.policy import default

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from tests.factories import AttachmentFactory, OutboundEmailFactory, OutboundMessageFactory
from tickets.choices import MailPurpose, RecipientState
from tickets.mail.bounce_addresses import BounceTag, read_bounce_address
from tickets.mail.parse import parse
from tickets.models import OutboundEmail
from tickets.models.outbound import RecipientOutcome
from tickets.protocols.smtp import OutgoingMail
from tickets.services.outgoing.compose import compose_mail

pytestmark = pytest.mark.django_db


def composed(row: OutboundEmail) -> OutgoingMail:
    """For its first recipient."""
    return next(iter(compose_mail(row).values()))


def sent(**fields: object) -> Mail:
    return message_from_bytes(composed(OutboundEmailFactory(**fields)).data, policy=default)


def test_text_and_html_say_the_same():
    mail = sent(text="第一行\n<b> & https://desk.example/", html="")
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert mail.get_body(("plain",)).get_content().split("\r\n")[:2] == [
        "第一行",
        "<b> & https://desk.example/",
    ]
    html = mail.get_body(("html",)).get_content()
    assert "第一行<br>&lt;b&gt; &amp;" in html
    assert '<a href="https://desk.example/"' in html


def test_given_html_is_sent_as_it_is():
    assert "<p>Hi</p>" in sent(html="<p>Hi</p>").get_body(("html",)).get_content()


def test_every_byte_is_ascii_so_that_any_server_takes_it():
    row = OutboundEmailFactory(text="直播间", subject="回复：黑屏", sender="客服 <support@desk.example>")
    assert composed(row).data.isascii()


def test_lines_end_as_smtp_wants_them():
    data = composed(OutboundEmailFactory(text="a\nb\r\nc\rd")).data
    assert b"\n" not in data.replace(b"\r\n", b"")


def test_headers_keep_the_thread_together():
    references = " ".join(f"<{number}.{'x' * 80}@mail.exchange.company.example>" for number in range(20))
    first = references.split()[0]
    mail = sent(headers={"In-Reply-To": first, "References": references, "Reply-To": "s+t1-a@desk.example"})
    assert mail["In-Reply-To"].strip() == first
    assert " ".join(mail["References"].split()) == references
    assert mail["Reply-To"] == "s+t1-a@desk.example"


def test_our_own_reader_finds_the_thread_again():
    row = OutboundEmailFactory(
        headers={"In-Reply-To": "<a@b>", "References": "<c@d> <a@b>"}, subject="黑屏 [SD#12]"
    )
    mail = parse(composed(row).data)
    assert (mail.message_id, mail.in_reply_to, mail.references) == (
        row.rfc_message_id,
        ("a@b",),
        ("c@d", "a@b"),
    )
    assert mail.subject == "黑屏 [SD#12]"


def test_message_id_and_date_are_the_same_at_every_try():
    row = OutboundEmailFactory()
    first, second = (message_from_bytes(composed(row).data) for _try in range(2))
    assert first["Message-ID"] == second["Message-ID"] == f"<{row.rfc_message_id}>"
    assert first["Date"] == second["Date"] == "Wed, 18 Nov 2026 12:00:00 +0000"


@pytest.mark.parametrize(
    ("purpose", "value"),
    [
        (MailPurpose.ACKNOWLEDGEMENT, "auto-replied"),
        (MailPurpose.NOTIFICATION, "auto-generated"),
        (MailPurpose.REPLY, None),
        (MailPurpose.EXPORT, None),
    ],
)
def test_only_mails_the_desk_wrote_itself_are_marked_auto_submitted(purpose, value):
    mail = sent(purpose=purpose)
    assert mail["Auto-Submitted"] == value
    assert mail["X-Auto-Response-Suppress"] == ("All" if value else None)


def test_every_mail_carries_our_loop_mark(settings):
    settings.DESK_ADDRESS = "Help <help@desk.example>"
    assert sent(sender="Rooms <rooms@desk.example>")["X-Loop"] == "help@desk.example"


@pytest.mark.parametrize("field", ["subject", "headers", "name"])
def test_nothing_breaks_out_of_a_header(field):
    evil = "x\r\nBcc: eve@nobody.example\r\n\r\nbody"
    message = OutboundMessageFactory()
    AttachmentFactory(message=message, name=evil if field == "name" else "log.txt")
    mail = sent(
        message=message,
        subject=evil if field == "subject" else "Subject",
        headers={"X-Note": evil} if field == "headers" else {},
    )
    assert mail["Bcc"] is None
    assert mail["From"] == "support@desk.example"


@pytest.mark.parametrize(
    "subject", ["紧急！全部直播间无法推流 [SD#1]", "黑屏" * 60 + " [SD#1]", "x " * 100 + "[SD#1]", "Ä"]
)
def test_a_long_subject_is_folded_after_its_first_word_and_read_back_whole(subject):
    row = OutboundEmailFactory(subject=subject)
    assert b"Subject: \r\n" not in composed(row).data
    assert b"Subject:\r\n" not in composed(row).data
    assert sent(subject=subject)["Subject"] == subject


# Files


def with_file(name: str, content_type: str, data: bytes) -> Mail:
    message = OutboundMessageFactory()
    AttachmentFactory(message=message, name=name, content_type=content_type, file=ContentFile(data, name="x"))
    (part,) = sent(message=message).iter_attachments()
    return part


@pytest.mark.parametrize("name", ["log.txt", "日志 文件.txt", 'a"b;c.txt'])
def test_a_file_keeps_its_name_and_every_byte(name):
    part = with_file(name, "text/plain", b"a\nb\r\n\xff\x00")
    assert part.get_filename() == name
    assert part.get_payload(decode=True) == b"a\nb\r\n\xff\x00"


@pytest.mark.parametrize("kind", ["message/rfc822", "multipart/mixed", "rubbish", "text/x\r\nBcc: e@x", ""])
def test_a_type_that_would_change_the_mail_is_a_plain_file(kind):
    assert with_file("a.bin", kind, b"data").get_content_type() in ("application/octet-stream", "text/x")


def test_stored_files_are_attached():
    path = default_storage.save("packs/week.csv", ContentFile(b"a;b"))
    (part,) = sent(files=[{"name": "week.csv", "path": path, "type": "text/csv"}]).iter_attachments()
    assert (part.get_filename(), part.get_payload(decode=True)) == ("week.csv", b"a;b")


def test_a_mail_is_not_sent_without_a_file_that_is_gone():
    with pytest.raises(OSError, match="nowhere"):
        sent(files=[{"name": "a", "path": "nowhere", "type": "text/csv"}])


# Envelope


def test_each_recipient_has_an_envelope_with_its_domain_in_ascii():
    row: OutboundEmail = OutboundEmailFactory(
        sender="Support <support@desk.example>", recipients=["li@例子.example"], copies=["cc@company.example"]
    )
    parcels = compose_mail(row)
    assert {address: parcel.recipient for address, parcel in parcels.items()} == {
        "li@例子.example": "li@xn--fsqu00a.example",
        "cc@company.example": "cc@company.example",
    }
    assert len({parcel.data for parcel in parcels.values()}) == 1


def test_nobody_gets_a_mail_that_their_server_has_already():
    row = OutboundEmailFactory(copies=["cc@company.example"])
    row.keep_outcome(RecipientOutcome("li@company.example", RecipientState.ACCEPTED))
    assert list(compose_mail(row)) == ["cc@company.example"]


def test_each_recipient_has_a_sender_that_names_the_mail_and_the_recipient():
    row: OutboundEmail = OutboundEmailFactory(copies=["cc@company.example"])
    tags = [read_bounce_address(parcel.sender) for parcel in compose_mail(row).values()]
    assert tags == [BounceTag(row.pk, 0), BounceTag(row.pk, 1)]
    assert {parcel.plain_sender for parcel in compose_mail(row).values()} == {"support@desk.example"}


def test_without_signed_senders_a_mail_leaves_from_its_mailbox(settings):
    settings.BOUNCE_ADDRESS = "off"
    assert composed(OutboundEmailFactory()).sender == "support@desk.example"


def test_a_mail_that_is_refused_for_now_again_and_again_leaves_from_the_plain_sender():
    assert read_bounce_address(composed(OutboundEmailFactory(attempts=3)).sender) is not None
    assert composed(OutboundEmailFactory(attempts=4)).sender == "support@desk.example"
