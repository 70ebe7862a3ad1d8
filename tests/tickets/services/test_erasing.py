"""Erasing the words of a message: every copy goes, what was promised and done can still be shown.

Tests erased_mail and erased_text too.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone, translation

from customers.models import Contact
from tests.factories import (
    AttachmentFactory,
    ContactFactory,
    CustomerFactory,
    InboundEmailFactory,
    MailboxFactory,
    OutboundMessageFactory,
    staff,
)
from tests.rawmail import rawmail
from tests.talk import answered, asked, called, minute, noted, opened, words
from tickets import tasks
from tickets.choices import Fact, OutboxState
from tickets.erased_text import erased_in_words
from tickets.errors import DeskError
from tickets.models import Attachment, ErasedFile, InboundEmail, MailMark, Message, OutboundEmail, Ticket
from tickets.search.finding import find_tickets
from tickets.search.mails import INBOUND, find_mails, index_mails
from tickets.services.erasing import ERASED, erase_words
from tickets.services.intake import process, receive_raw
from tickets.services.late_words import accept_sender
from tickets.services.mail_marks import mark_as_automatic
from tickets.services.merging import merge
from tickets.services.outgoing.delivery import send_again
from tickets.words_digest import WORDS

pytestmark = pytest.mark.django_db

SECRET = "My password is hunter2."


@pytest.fixture
def director():
    return staff("dora", groups=["Support director"], time_zone="Asia/Shanghai")


@pytest.fixture
def contact() -> Contact:
    return ContactFactory(customer=CustomerFactory(account_manager=staff("ann", groups=["Account manager"])))


@pytest.fixture
def ticket(contact) -> Ticket:
    return opened(contact=contact)


@pytest.fixture
def message(ticket) -> Message:
    secret = words(
        SECRET, quoted="> hunter2", html="<p>hunter2</p>", sender_name="Li Wei", reply_to="l@x.example"
    )
    return asked(ticket, 5, words=secret)


def erased(message: Message, by: Any, at: float = 60, reason: str = "A password.") -> Message:
    erase_words(message=message, actor=by, at=minute(at), reason=reason)
    return Message.objects.get(pk=message.pk)


def sent(ticket: Ticket) -> None:
    """As if the mail server had taken everything."""
    ticket.outbound.update(state=OutboxState.ACCEPTED)


def test_words_names_addresses_and_salt_are_gone_and_the_message_says_who_erased_them(message, director):
    after = erased(message, director)
    assert {field: getattr(after, field) for field in ERASED} == dict.fromkeys(ERASED, "")
    assert set(WORDS) < set(ERASED)
    assert (after.salt, after.erased_at, after.erased_by, after.erase_reason) == (
        None, minute(60), director, "A password.",
    )  # fmt: skip
    entry = message.ticket.timeline.get(fact=Fact.WORDS_ERASED)
    assert (entry.actor, entry.reason, entry.data) == (director, "A password.", {"message": message.pk})


def test_an_operator_may_erase_and_a_lead_may_not(message):
    with pytest.raises(DeskError, match="may not erase"):
        erased(message, staff("lead", groups=["Team lead"]))
    assert erased(message, staff("op", groups=["Operator"])).erased_at == minute(60)


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nothing_is_erased(message, director, reason):
    with pytest.raises(DeskError, match="Give a reason"):
        erased(message, director, reason=reason)
    message.refresh_from_db()
    assert message.body == SECRET


def test_erasing_twice_is_refused_and_changes_nothing(message, director):
    first = erased(message, director)
    with pytest.raises(DeskError, match="erased already"):
        erased(message, staff("op", groups=["Operator"]), at=90, reason="Again.")
    again = Message.objects.get(pk=message.pk)
    assert (again.erased_at, again.erased_by, again.erase_reason) == (
        first.erased_at, first.erased_by, first.erase_reason,
    )  # fmt: skip
    assert message.ticket.timeline.filter(fact=Fact.WORDS_ERASED).count() == 1


@pytest.mark.parametrize("state", [OutboxState.QUEUED, OutboxState.SENDING, OutboxState.DEFERRED])
def test_an_answer_that_is_still_on_its_way_out_is_kept(ticket, director, state):
    answer = answered(ticket, 10)
    ticket.outbound.filter(message=answer).update(state=state)
    with pytest.raises(DeskError, match="on its way out"):
        erased(answer, director)
    answer.refresh_from_db()
    assert answer.body == "Please update the SDK."


def test_the_mail_of_an_erased_answer_is_empty_and_is_not_sent_again(ticket, director):
    answer = answered(ticket, 10)
    ticket.outbound.filter(message=answer).update(state=OutboxState.FAILED)
    erased(answer, director)
    mail = OutboundEmail.objects.get(message=answer)
    assert (mail.text, mail.html) == ("", "")
    with pytest.raises(DeskError, match="nothing to send again"):
        send_again(outbound=mail, actor=director, at=minute(70))


def test_answers_no_longer_quote_the_words_or_name_who_wrote_them(message, director):
    answered(message.ticket, 10)
    mail = message.ticket.outbound.get(message__body="Please update the SDK.")
    assert f"> {SECRET}" in mail.text
    assert "Li Wei" in mail.text
    sent(message.ticket)
    erased(message, director)
    mail.refresh_from_db()
    assert mail.text.endswith("\n\n> […]\n")
    assert mail.text.startswith("Please update the SDK.\n\n-- \n")
    assert "Li Wei" not in mail.text
    assert mail.html == ""


def test_a_new_answer_quotes_that_the_words_are_gone_and_not_why(message, director):
    sent(message.ticket)
    erased(message, director)
    answered(message.ticket, 70)
    mail = message.ticket.outbound.get(message__body="Please update the SDK.")
    assert mail.text.endswith("\n> The words of this message were erased.\n")
    assert "A password." not in mail.text


@pytest.fixture
def received(ticket, message) -> InboundEmail:
    """The mail that became the message; there is a copy of it that came to another mailbox."""
    row = InboundEmailFactory(
        ticket=ticket, message=message, raw=rawmail(body=SECRET), subject="hunter2", sender="li@company.example",
        envelope_from="li@company.example", envelope_to=["support+hunter2@desk.example"],
        signs=["written by: li@company.example"], state="processed",
    )  # fmt: skip
    InboundEmailFactory(
        ticket=ticket, fingerprint=row.fingerprint, copy_of=row, subject="hunter2", state="processed"
    )
    return row


def test_the_raw_mail_and_its_copies_are_emptied(received, director):
    other = InboundEmailFactory(raw=rawmail(body="Something else"))
    erased(received.message, director)
    mails = InboundEmail.objects.filter(fingerprint=received.fingerprint)
    emptied = {
        (bytes(mail.raw), mail.subject, mail.sender, mail.envelope_from, *mail.envelope_to, *mail.signs)
        for mail in mails
    }
    assert emptied == {(b"", "", "", "")}
    assert mails.count() == 2
    other.refresh_from_db()
    assert bytes(other.raw) == rawmail(body="Something else")


def test_no_copy_of_an_erased_mail_is_found_by_its_words(received, director):
    parked = InboundEmailFactory(
        fingerprint=received.fingerprint, copy_of=received, subject="hunter2", state="parked"
    )
    for _source in range(2):
        index_mails(now=received.stored_at + timedelta(days=1), may_go_on=lambda: True)
    assert parked.pk in find_mails(INBOUND, InboundEmail.objects.all(), "hunter2")
    erased(received.message, director)
    assert find_mails(INBOUND, InboundEmail.objects.all(), "hunter2") == []


def test_an_erased_mail_that_is_fetched_again_is_no_new_one(now, director, contact):
    def receive(more: bytes = b"") -> InboundEmail:
        return receive_raw(raw=more + rawmail(body=SECRET, sender=contact.email), received_at=now, via="imap")

    row = process(receive().pk, now=now)
    assert row is not None
    assert row.message is not None
    erased(row.message, director)
    for header in (b"", b"Received: from relay.example\r\n"):
        assert receive(header).pk == row.pk
    assert InboundEmail.objects.count() == 1


def test_a_copy_that_comes_later_to_another_mailbox_is_emptied_when_it_is_read(now, director, contact):
    raw = rawmail(body=SECRET, sender=contact.email)
    first = process(receive_raw(raw=raw, received_at=now, via="imap", mailbox=MailboxFactory()).pk, now=now)
    assert first is not None
    assert first.message is not None
    erased(first.message, director)
    late = process(receive_raw(raw=raw, received_at=now, via="imap", mailbox=MailboxFactory()).pk, now=now)
    assert late is not None
    late.refresh_from_db()
    assert (bytes(late.raw), late.subject, late.sender, late.ticket) == (b"", "", "", first.ticket)


def test_the_reason_of_a_report_no_longer_names_the_subject(ticket, director):
    report = InboundEmailFactory(ticket=ticket, reason="A delivery report on “Re: Black screen [SD#1]”.")
    sent(ticket)
    erased(ticket.messages.earliest("at"), director)
    report.refresh_from_db()
    assert report.reason == "A delivery report on “Re: […] [SD#1]”."


def test_files_lose_their_rows_at_once_and_are_removed_by_the_task(message, director):
    mine = AttachmentFactory(message=message, file=ContentFile(b"hunter2", name="x"))
    other = AttachmentFactory()
    path = mine.file.name
    erased(message, director)
    assert list(Attachment.objects.all()) == [other]
    assert list(ErasedFile.objects.values_list("path", flat=True)) == [path]
    assert default_storage.exists(path)  # nothing is committed yet
    assert tasks.remove_erased_files() == "removed 1"
    assert not default_storage.exists(path)
    assert default_storage.exists(other.file.name)
    assert not ErasedFile.objects.exists()


def test_a_file_that_is_gone_already_does_not_keep_its_row(message, director):
    ErasedFile.objects.create(path="attachments/00/gone", erased_at=minute(0))
    assert tasks.remove_erased_files() == "removed 1"
    assert not ErasedFile.objects.exists()


def test_removal_is_asked_for_after_the_commit(
    message, director, monkeypatch, django_capture_on_commit_callbacks
):
    asked_for: list[str] = []
    monkeypatch.setattr("tickets.nudges.async_task", lambda name, *_args, **_more: asked_for.append(name))
    AttachmentFactory(message=message)
    with django_capture_on_commit_callbacks(execute=True):
        erased(message, director)
        assert asked_for == []
    assert asked_for == ["tickets.tasks.remove_erased_files"]


def test_the_message_that_opened_the_ticket_takes_the_subject_with_it(ticket, director):
    answered(ticket, 10)
    sent(ticket)
    erased(ticket.messages.earliest("at"), director)
    ticket.refresh_from_db()
    assert ticket.subject == ""
    subjects = set(ticket.outbound.values_list("subject", flat=True))
    assert subjects == {f"Re: […] [{ticket.number}]", f"Critical incident received: […] [{ticket.number}]"}


def test_another_message_leaves_the_subject(message, director):
    erased(message, director)
    message.ticket.refresh_from_db()
    assert message.ticket.subject == "Black screen"


def test_the_subject_of_a_merged_ticket_goes_with_its_first_message(ticket, contact, director):
    into = opened(7, contact=contact)
    merge(ticket=ticket, into=into, actor=director, at=minute(20), reason="One matter.")
    sent(into)
    erased(into.messages.earliest("at"), director)
    for each in (ticket, into):
        each.refresh_from_db()
    assert (ticket.subject, into.subject) == ("", "Black screen")


def test_search_finds_nothing_of_it(message, director):
    assert find_tickets(Ticket.objects.all(), "hunter2").keys
    erased(message, director)
    assert not find_tickets(Ticket.objects.all(), "hunter2").keys


def test_of_two_tickets_of_one_second_only_that_of_the_message_loses_its_subject(contact, director):
    into, other = opened(contact=contact), opened(contact=contact)
    first = other.messages.get()
    Ticket.objects.filter(pk=other.pk).update(subject="No sound")
    merge(ticket=other, into=into, actor=director, at=minute(9), reason="One matter.")
    first.refresh_from_db()
    erased(first, director)
    for ticket in (into, other):
        ticket.refresh_from_db()
    assert (into.subject, other.subject) == ("Black screen", "")


def test_what_is_remembered_of_a_marked_mail_loses_its_subject(message, director):
    mark_as_automatic(message=message, actor=director, at=minute(10))
    assert MailMark.objects.get().subject == "Black screen"
    erased(message, director)
    assert MailMark.objects.get().subject == ""


def test_the_history_no_longer_has_the_address_of_an_accepted_sender(ticket, director):
    stranger = asked(ticket, 5, words=words(SECRET, is_unconfirmed=True))
    accept_sender(message=stranger, actor=director, at=minute(10))
    erased(stranger, director)
    assert ticket.timeline.get(fact=Fact.SENDER_ACCEPTED).data == {"address": "[…]"}


@pytest.mark.parametrize("say", [called, noted])
def test_calls_and_notes_can_be_erased_too(ticket, director, say):
    after = erased(say(ticket, 5), director)
    assert (after.body, after.reached) == ("", "")


def test_an_erased_question_still_waits_for_its_answer(message, director):
    before = Ticket.objects.get(pk=message.ticket_id).unanswered_since
    erased(message, director)
    assert Ticket.objects.get(pk=message.ticket_id).unanswered_since == before == minute(0)


@pytest.mark.parametrize(
    ("language", "zone", "sentence"),
    [
        ("en", "UTC", "Words erased by Dora on 2026-11-18 13:00 (UTC): A password."),
        ("zh-hans", "Asia/Shanghai", "内容已由Dora于 2026-11-18 21:00（北京时间，UTC+8）抹除：A password."),
    ],
)
def test_the_sentence_in_place_of_the_words_is_the_readers(message, director, language, zone, sentence):
    director.first_name = "Dora"
    director.save()
    assert erased_in_words(message) == ""
    after = erased(message, director)
    with translation.override(language), timezone.override(zone):
        assert erased_in_words(after) == sentence


def test_an_erased_answer_that_somebody_sent_from_elsewhere_has_no_mail(director):
    assert erased(OutboundMessageFactory(), director).body == ""
