"""Mail of colleagues to a ticket: sent on, acknowledged, or kept as a note; and what they are told of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from escalation.choices import AcknowledgedBy, ClockState, NoticeKind
from escalation.models import Acknowledgement, Clock, Notification
from tests.factories import (
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    set_desk,
    staff,
)
from tests.rawmail import rawmail
from tests.talk import answered, asked, dispatched, minute, opened
from tickets.answer_line import answer_line
from tickets.choices import IntakeState, MailPurpose, MessageKind, Priority, Status
from tickets.models import InboundEmail, OutboundEmail
from tickets.services.conversation import reply
from tickets.services.intake import process, receive_raw
from tickets.services.merging import merge
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db
PASSED = {"Authentication-Results": "mx.desk.example; dmarc=pass header.from=desk.example"}
HEAD = "On Wed, 18 Nov 2026 at 12:01, Support <support@desk.example> wrote:"


@pytest.fixture(autouse=True)
def desk():
    set_desk(intake_owner=AdminFactory())
    MailboxFactory(address="support@desk.example")


@pytest.fixture
def ann():
    ann = staff("ann", groups=["Account manager"])
    ann.email = "ann@desk.example"
    ann.save(update_fields=["email"])
    return ann


@pytest.fixture
def ticket(ann):
    customer = CustomerFactory(account_manager=ann)
    contact = ContactFactory(customer=customer, email="li@company.example")
    return opened(priority=Priority.P1, contact=contact)


@pytest.fixture
def notification(ticket):
    """The mail that told Ann of the ticket."""
    dispatched(0)
    return OutboundEmail.objects.get(ticket=ticket, purpose=MailPurpose.NOTIFICATION)


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())


@pytest.fixture
def writes(notification):
    """Ann answers the notification; its text is quoted below her words."""

    def write(words: str, *, below: str = "", at: float = 5, sender="Ann <ann@desk.example>", **more: Any):
        more.setdefault("headers", PASSED)
        headers = {"In-Reply-To": f"<{notification.rfc_message_id}>", **more.pop("headers")}
        quote = more.pop("quote", f"\n\n{HEAD}\n{quoted(notification.text)}\n\n")
        return arrive(
            minute(at),
            sender=sender,
            subject=f"Re: {notification.subject}",
            body=f"{words}{quote}{below}".replace("\n", "\r\n"),
            headers=headers,
            **more,
        )

    return write


def arrive(at: datetime, **mail: Any) -> InboundEmail:
    stored = receive_raw(raw=rawmail(**mail), received_at=at, via="imap")
    row = process(stored.pk, now=at + timedelta(seconds=5))
    assert row is not None
    assert (row.state, row.error) == (IntakeState.PROCESSED, "")
    return row


def told(user) -> list[tuple[str, str]]:
    rows = Notification.objects.filter(recipient=user).order_by("pk")
    return [(row.kind, row.detail) for row in rows if row.kind != NoticeKind.NEW_TICKET]


def mails_to_customer() -> list[OutboundEmail]:
    return list(OutboundEmail.objects.filter(purpose=MailPurpose.REPLY))


def test_a_notification_says_where_to_write_for_the_customer(notification):
    assert notification.text.startswith(f"{answer_line()}\n\n")


def test_words_above_the_line_are_the_reply_of_the_colleague_and_keep_the_promise(ticket, ann, writes):
    row = writes("Please update to 4.3.2.\n\n-- \nAnn Chen\nDesk Ltd.")
    (mail,) = mails_to_customer()
    assert mail.recipients == ["li@company.example"]
    assert (row.message.kind, row.message.author) == (MessageKind.OUTBOUND, ann)
    assert row.message.body == "Please update to 4.3.2."
    assert "Ann Chen" not in mail.text
    assert "no reply yet" not in mail.text
    assert Clock.objects.get(ticket=ticket).state == ClockState.MET
    assert told(ann) == [(NoticeKind.SENT_FOR_YOU, "Please update to 4.3.2.")]


def test_the_reply_counts_from_when_it_is_sent_not_from_when_it_was_written(ticket, writes):
    assert writes("Please update.", at=5).message.at == minute(5) + timedelta(seconds=5)


def test_they_see_what_was_sent(ann, writes):
    writes("Please update to 4.3.2.")
    dispatched(10)
    seen = OutboundEmail.objects.filter(purpose=MailPurpose.NOTIFICATION).latest("pk")
    assert seen.recipients == ["ann@desk.example"]
    assert "Please update to 4.3.2." in seen.text
    assert answer_line() not in seen.text


def test_files_go_along_but_not_the_pictures_of_a_signature(writes, notification):
    body = "\n".join([
        "--b", "Content-Type: text/html; charset=utf-8", "",
        '<p>See the log settings.</p><img src="cid:logo"><div class="gmail_quote">'
        f"{HEAD}<blockquote>{notification.text}</blockquote></div>",
        "--b", "Content-Type: text/plain", 'Content-Disposition: attachment; filename="sdk.cfg"', "", "level=1",
        "--b", "Content-Type: image/png", "Content-ID: <logo>",
        'Content-Disposition: inline; filename="logo.png"', "", "x", "--b--",
    ])  # fmt: skip
    row = writes(body, quote="", content_type='multipart/mixed; boundary="b"')
    assert [file.name for file in row.message.attachments.all()] == ["sdk.cfg"]


@pytest.mark.parametrize(
    ("words", "below"),
    [("", "Is anybody on this?"), ("Yes, see below.", "\nI think it is the SDK.\n")],
)
def test_words_below_the_line_are_a_note(ann, writes, words, below):
    row = writes(words, below=below)
    assert (row.message.kind, row.message.author) == (MessageKind.NOTE, ann)
    assert mails_to_customer() == []
    assert [kind for kind, _detail in told(ann)] == [NoticeKind.KEPT_AS_NOTE]


def test_an_answer_without_the_line_is_a_note(ann, writes):
    row = writes("I call them.", quote="")
    assert (row.message.kind, row.message.body, row.message.author) == (MessageKind.NOTE, "I call them.", ann)
    assert told(ann) == [(NoticeKind.KEPT_AS_NOTE, "I call them.")]


@pytest.mark.parametrize(
    "word",
    [
        "ack",
        "Ack.",
        "ACK!",
        "acknowledged",
        "收到",
        "收到。",
        "已收到",
        "收到，谢谢",
        "ack, thanks",
        "Got it, thanks! 👍",
    ],
)
def test_a_word_alone_acknowledges(ticket, ann, writes, word):
    row = writes(word)
    assert row.message is None
    assert [(one.user, one.by) for one in Acknowledgement.objects.all()] == [(ann, AcknowledgedBy.EMAIL)]
    assert mails_to_customer() == []
    assert Clock.objects.get(ticket=ticket).is_open
    assert told(ann) == [(NoticeKind.ACKNOWLEDGED, "")]


@pytest.mark.parametrize(
    "words",
    [
        "ack\n\nAnn Chen\nDesk Ltd.",
        "Ack\n\nBest regards,\nAnn",
        "收到\n---\n陈安\n客服经理",
        "收到\n\n谢谢！",
        "ack\n\n______________\nDesk Ltd.\n1 Long Road",
    ],
)
def test_a_signature_below_the_word_makes_it_no_answer(ticket, ann, writes, words):
    """The customer would get "ack", and the promise would count as kept."""
    ann.first_name, ann.last_name = "Ann", "Chen"
    ann.save(update_fields=["first_name", "last_name"])
    assert writes(words).message is None
    assert mails_to_customer() == []
    assert Clock.objects.get(ticket=ticket).is_open
    assert told(ann) == [(NoticeKind.ACKNOWLEDGED, "")]


@pytest.mark.parametrize(
    "words",
    ["Ack, I take it", "收到，我来处理", "no ack", "收到\n\n我们在处理。\n\n陈安", "Ack\nAnn calls you."],
)
def test_more_than_that_word_is_an_answer(writes, words):
    assert writes(words).message.kind == MessageKind.OUTBOUND
    assert not Acknowledgement.objects.exists()


def test_an_answer_without_words_is_a_note(writes):
    assert writes("").message.kind == MessageKind.NOTE


def test_an_acknowledgement_of_nothing_says_why_and_speaks_of_no_note(ticket, ann, writes):
    writes("Please update.")
    writes("ack", at=6, message_id="<2@desk.example>")
    kind, detail = told(ann)[-1]
    assert kind == NoticeKind.NOT_ACKNOWLEDGED
    assert "has been answered" in detail
    assert not ticket.messages.filter(kind=MessageKind.NOTE).exists()
    dispatched(10)
    text = OutboundEmail.objects.filter(purpose=MailPurpose.NOTIFICATION).latest("pk").text
    assert text.startswith(f"Your email acknowledged nothing on {ticket.number}.")


def test_what_a_colleague_answered_since_the_notification_is_read_before_another_answer_goes(
    ticket, ann, writes
):
    answered(ticket, 3, actor=staff("bob"))
    row = writes("Please restart.", at=5)
    assert (row.message.kind, row.message.body) == (MessageKind.NOTE, "Please restart.")
    assert len(mails_to_customer()) == 1
    ((kind, detail),) = told(ann)
    assert kind == NoticeKind.KEPT_AS_NOTE
    assert "answered meanwhile" in detail


def test_what_the_customer_wrote_since_the_notification_is_read_before_it_is_answered(ticket, ann, writes):
    """As on the page: an answer to the first question alone must not keep the promise of the second."""
    asked(ticket, 3)
    row = writes("Please update.", at=5)
    assert (row.message.kind, row.message.body) == (MessageKind.NOTE, "Please update.")
    assert mails_to_customer() == []
    assert Clock.objects.get(ticket=ticket).is_open
    ((kind, detail),) = told(ann)
    assert kind == NoticeKind.KEPT_AS_NOTE
    assert "wrote again" in detail


def test_an_acknowledgement_counts_whatever_the_customer_wrote_since(ticket, ann, writes):
    asked(ticket, 3)
    writes("ack", at=5)
    assert Acknowledgement.objects.get().user == ann


@pytest.mark.parametrize(
    "headers", [{}, {"Authentication-Results": "mx.desk.example; dmarc=fail"}], ids=["nothing", "failed"]
)
@pytest.mark.parametrize("words", ["Please pay to another account.", "ack"])
def test_what_nothing_proves_is_a_note_and_the_colleague_is_told_by_their_own_way(
    ann, writes, headers, words
):
    row = writes(words, headers=headers)
    assert (row.message.kind, row.message.author) == (MessageKind.NOTE, None)
    assert "not verified" in row.message.body
    assert (mails_to_customer(), Acknowledgement.objects.count()) == ([], 0)
    assert [kind for kind, _detail in told(ann)] == [NoticeKind.UNVERIFIED]
    assert "mail" not in Notification.objects.latest("pk").channels


def test_the_answer_of_somebody_who_was_not_asked_is_a_note(ticket, writes):
    other = staff("ben", groups=["Account manager"])
    other.email = "ben@desk.example"
    other.save(update_fields=["email"])
    row = writes("Please update.", sender="ben@desk.example")
    assert (row.message.kind, row.message.author) == (MessageKind.NOTE, other)
    assert (mails_to_customer(), told(other)) == ([], [])


def test_who_may_not_see_the_ticket_any_more_sends_nothing(ticket, ann, writes):
    ann.groups.clear()
    assert writes("Please update.").message.kind == MessageKind.NOTE
    assert mails_to_customer() == []
    assert "access" in told(ann)[0][1]


@pytest.mark.parametrize(
    "headers",
    [
        {**PASSED, "Auto-Submitted": "auto-replied"},
        {**PASSED, "X-Autoreply": "yes"},
        {**PASSED, "Auto-Submitted": "auto-generated"},
    ],
)
def test_an_automatic_answer_is_no_reply_and_no_acknowledgement(ticket, ann, writes, headers):
    for number, words in enumerate(("ack", "I am out of office until Monday.")):
        row = writes(words, headers=headers, message_id=f"<{number}@desk.example>")
        assert row.message.kind == MessageKind.AUTOMATIC
    assert (mails_to_customer(), Acknowledgement.objects.count(), told(ann)) == ([], 0, [])


def test_what_cannot_be_sent_is_kept_and_the_reason_told(ticket, ann, writes):
    ticket.contact.email = ""
    ticket.contact.save(update_fields=["email"])
    ticket.messages.update(sender_address="")
    row = writes("Please update.")
    assert (row.message.kind, row.message.body) == (MessageKind.NOTE, "Please update.")
    ((kind, detail),) = told(ann)
    assert kind == NoticeKind.KEPT_AS_NOTE
    assert "no email address" in detail


def test_a_colleague_in_copy_of_our_answer_does_not_write_as_the_customer(ticket, ann, writes):
    """Their words would start a promise that nobody owes."""
    reply(ticket=ticket, actor=ann, at=minute(1), body="Update.", copies=["ann@desk.example"])
    row = arrive(minute(9), sender="ann@desk.example", subject=f"[{ticket.number}]", headers=PASSED)
    assert (row.message.kind, row.message.author) == (MessageKind.NOTE, ann)
    assert Clock.objects.get(ticket=ticket).state == ClockState.MET


def test_a_machine_that_answers_every_notice_is_told_no_more(ann, writes):
    for number in range(8):
        writes(f"Round {number}", quote="", at=number, message_id=f"<{number}@desk.example>")
    assert len(told(ann)) == 5


def test_the_answer_to_a_merged_ticket_goes_to_the_one_it_became_part_of(ticket, ann, writes):
    other = opened(2, priority=Priority.P2, contact=ticket.contact)
    merge(ticket=ticket, into=other, actor=AdminFactory(), at=minute(3), reason="The same")
    assert writes("Please update.").ticket == other


def test_a_closed_ticket_is_answered_as_on_its_page(ticket, writes):
    set_status(ticket=ticket, status=Status.CLOSED, actor=AdminFactory(), at=minute(3), reason="Wrong number")
    assert writes("Please update.").message.kind == MessageKind.OUTBOUND


@pytest.mark.parametrize(
    "sender", ["Ann <ann@desk.example>", "Ann <ann@desk.example>, Eve <eve@evil.example>"]
)
def test_a_pass_for_another_domain_proves_nothing(ann, writes, sender):
    passed = {"Authentication-Results": "mx.desk.example; dmarc=pass header.from=evil.example"}
    assert writes("Please pay to another account.", sender=sender, headers=passed).message.author is None
    assert mails_to_customer() == []


@pytest.mark.parametrize("found", ["dmarc=pass", "dmarc=pass header.from=ann@desk.example"])
def test_a_pass_may_name_the_address_or_nothing(writes, found):
    row = writes("Please update.", headers={"Authentication-Results": f"mx.desk.example; {found}"})
    assert row.message.kind == MessageKind.OUTBOUND


def test_an_answer_that_goes_to_another_ticket_as_well_is_not_sent_to_its_customer(ann, writes):
    customer = CustomerFactory(account_manager=ann)
    other = opened(1, contact=ContactFactory(email="oz@other.example", customer=customer))
    reply(ticket=other, actor=ann, at=minute(2), body="Hello Oz.")
    to_other = OutboundEmail.objects.get(ticket=other, purpose=MailPurpose.REPLY).headers["Reply-To"]
    row = writes("Please update.", to=to_other)
    assert (row.ticket, row.message.kind) == (other, MessageKind.NOTE)
    assert [mail.text.partition("\n")[0] for mail in mails_to_customer()] == ["Hello Oz."]


def test_an_answer_months_later_still_belongs_to_its_ticket(ticket, ann, writes):
    """A customer's opens a new ticket by then; a colleague's would make a customer of them."""
    reply(ticket=ticket, actor=ann, at=minute(1), body="Update.", then=Status.RESOLVED)
    row = writes("Please update to 5.0 as well.", at=60 * 24 * 90)
    assert (row.ticket, row.message.kind) == (ticket, MessageKind.OUTBOUND)


@pytest.fixture
def contact_of_ann(ticket):
    """Ann's address stands among the customer's contacts too."""
    return ContactFactory(customer=ticket.customer, email="ANN@desk.example")


def test_a_colleague_who_is_also_a_contact_answers_as_a_colleague(ticket, ann, writes, contact_of_ann):
    row = writes("Please update the SDK.")
    assert (row.message.kind, row.message.author) == (MessageKind.OUTBOUND, ann)
    assert told(ann) == [(NoticeKind.SENT_FOR_YOU, "Please update the SDK.")]


def test_a_forged_colleague_who_is_also_a_contact_is_no_customer(ticket, ann, writes, contact_of_ann):
    row = writes("All is well.", headers={})
    assert (row.message.kind, row.message.author) == (MessageKind.NOTE, None)
    assert Clock.objects.get(ticket=ticket).is_open


def test_mail_of_such_a_colleague_into_another_s_ticket_is_their_note(ticket, ann, contact_of_ann):
    row = arrive(
        minute(5),
        sender="ann@desk.example",
        subject=f"Re: [{ticket.number}]",
        body="I know it.",
        headers=PASSED,
    )
    assert (row.ticket, row.message.kind, row.message.author) == (ticket, MessageKind.NOTE, ann)


def test_what_such_a_colleague_asks_for_is_a_ticket_of_the_contact_and_goes_on_as_one(
    ticket, ann, contact_of_ann
):
    first = arrive(
        minute(5), sender="ann@desk.example", subject="[P1] My own", message_id="<own@desk.example>"
    )
    assert (first.ticket.contact, first.ticket.customer) == (contact_of_ann, ticket.customer)
    own = first.ticket
    row = arrive(
        minute(6),
        sender="ann@desk.example",
        subject="Re: [P1] My own",
        body="And sound.",
        message_id="<own2@desk.example>",
        headers={"In-Reply-To": "<own@desk.example>", **PASSED},
    )
    assert (row.ticket, row.message.kind) == (own, MessageKind.INBOUND)
    dispatched(7)
    notification = OutboundEmail.objects.get(ticket=own, purpose=MailPurpose.NOTIFICATION)
    row = arrive(
        minute(8),
        sender="ann@desk.example",
        subject="Re: [P1] My own",
        body="ack",
        message_id="<own3@desk.example>",
        headers={"In-Reply-To": f"<{notification.rfc_message_id}>", **PASSED},
    )
    assert (row.ticket, row.message) == (own, None)


def test_a_former_colleague_who_is_a_contact_is_a_customer(ticket, ann, contact_of_ann):
    ann.is_active = False
    ann.save(update_fields=["is_active"])
    row = arrive(minute(5), sender="ann@desk.example", subject=f"Re: [{ticket.number}]", headers=PASSED)
    assert (row.ticket, row.message.kind) == (ticket, MessageKind.INBOUND)
