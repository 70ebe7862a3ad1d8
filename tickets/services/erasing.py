"""Erases the words of a message for good: .github/decisions/proof.md.

What was promised and done can still be shown, as the ledger knows words by a salted digest and people by number.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from tickets.choices import Fact, MessageKind
from tickets.errors import DeskError
from tickets.events import WordsErased, publish
from tickets.models import ErasedFile, MailMark, Message, OutboundEmail, Ticket, TimelineEntry
from tickets.models.outbound import WORK_LEFT
from tickets.nudges import nudge_removal
from tickets.repeated_words import CUT, RepeatedWords
from tickets.search.indexing import index_tickets
from tickets.search.mails import INBOUND, OUTBOUND, index_again
from tickets.services.intake.erased_mail import erase_mails, mails_of
from tickets.services.locking import lock_mails_of, lock_ticket_of
from tickets.services.origins import OPENINGS
from tickets.services.outgoing.reply_mail import MOST_QUOTED
from tickets.services.timeline import record
from tickets.words_digest import WORDS

MAY_ERASE = "tickets.erase_words"
# With the words that the ledger has a digest of, the names and addresses that came with them.
ERASED = (*WORDS, "sender_name", "reply_to", "sent_through")


@transaction.atomic
def erase_words(*, message: Message, actor: User, at: datetime, reason: str) -> Message:
    """Erase the words of a message, its files, and every text in which the desk repeats them.

    Raises DeskError without the permission or a reason, and whatever `erase_with_repetitions` refuses.
    """
    if not actor.has_perm(MAY_ERASE):
        raise DeskError(_("You may not erase the words of a message."))
    if not reason.strip():
        raise DeskError(_("Give a reason: the words cannot be brought back."))
    return erase_with_repetitions(message=message, actor=actor, at=at, reason=reason)


@transaction.atomic
def erase_with_repetitions(*, message: Message, actor: User, at: datetime, reason: str) -> Message:
    """Erase the words of a message and what repeats them; whoever calls it has made sure that the actor may.

    Locks the ticket. Raises DeskError if they are erased already, and for an answer that is still on its way out.
    """
    lock_mails_of(message.ticket_id)
    ticket = lock_ticket_of(message, "erased_at", *ERASED)
    if message.erased_at is not None:
        raise DeskError(_("The words of this message are erased already."))
    if OutboundEmail.objects.filter(message=message, state__in=WORK_LEFT).exists():
        raise DeskError(_("This answer is still on its way out. Erase its words once it is sent."))
    words = RepeatedWords(message.body, _erase_subject(ticket, message))
    _cut_from_reports(ticket, words)
    _cut_from_outbox(ticket, message, words)
    _cut_from_timeline(ticket, message)
    _erase_files(message, at=at)
    MailMark.objects.filter(message=message).update(subject="")
    copies = mails_of(message)
    erase_mails(copies)
    index_again(INBOUND, {*copies, *ticket.inbound.values_list("pk", flat=True)})
    _erase_message(message, actor=actor, at=at, reason=reason.strip())
    index_tickets([ticket.pk])
    record(ticket, Fact.WORDS_ERASED, at=at, actor=actor, reason=reason.strip(), message=message.pk)
    publish(WordsErased(ticket=ticket, at=at, actor=actor, message=message, words=words))
    return message


def remove_erased_files() -> int:
    """Remove the files of erased messages from the storage, and return how many were left. May run twice at once."""
    rows = list(ErasedFile.objects.all())
    for row in rows:
        default_storage.delete(row.path)  # one that is gone already is no error
        row.delete()
    return len(rows)


def _erase_message(message: Message, *, actor: User, at: datetime, reason: str) -> None:
    for field in ERASED:
        setattr(message, field, "")
    message.salt, message.erased_at, message.erased_by, message.erase_reason = None, at, actor, reason
    message.save(update_fields=[*ERASED, "salt", "erased_at", "erased_by", "erase_reason"])


def _erase_subject(ticket: Ticket, message: Message) -> str:
    """Empty the subject of the ticket, or of one merged into it, that came with the message. Return what it was."""
    if message.kind not in (MessageKind.INBOUND, MessageKind.AUTOMATIC):
        return ""
    family = Ticket.objects.filter(Q(pk=ticket.pk) | Q(merged_into=ticket))
    opened = TimelineEntry.objects.filter(ticket__in=family, fact__in=OPENINGS, data__message=message.pk)
    came_with = Q(pk__in=opened.values("ticket")) if opened.exists() else Q(opened_at=message.at)
    named = family.filter(came_with).exclude(subject="")
    subject = named.order_by("pk").values_list("subject", flat=True).first() or ""
    named.filter(subject=subject).update(subject="")
    ticket.refresh_from_db(fields=["subject"])
    return subject


def _cut_from_reports(ticket: Ticket, words: RepeatedWords) -> None:
    """Take the subject out of the lines about delivery reports, which name the mail that they are about."""
    if not words.subject:
        return
    for mail in ticket.inbound.filter(reason__contains=words.subject).only("reason"):
        mail.reason = words.cut_from(mail.reason)
        mail.save(update_fields=["reason"])


def _cut_from_outbox(ticket: Ticket, message: Message, words: RepeatedWords) -> None:
    """Empty the mail of the message, and take the words out of the ticket's other mails."""
    OutboundEmail.objects.filter(message=message).update(text="", html="")
    cut_from_mails(ticket.outbound.values_list("pk", flat=True), words, MOST_QUOTED)


def cut_from_mails(mails: Iterable[int], words: RepeatedWords, *lengths: int) -> None:
    """Take the words out of these mails (their keys). The HTML of one that changes is made of its text again."""
    changed = []
    for mail in OutboundEmail.objects.filter(pk__in=mails).only("subject", "text", "html"):
        subject, text = words.cut_from(mail.subject), words.cut_from(mail.text, *lengths)
        if (subject, text) != (mail.subject, mail.text):
            mail.subject, mail.text, mail.html = subject, text, ""
            changed.append(mail)
    OutboundEmail.objects.bulk_update(changed, ["subject", "text", "html"])
    index_again(OUTBOUND, [mail.pk for mail in changed])


def _cut_from_timeline(ticket: Ticket, message: Message) -> None:
    """Take the address of the sender out of the line that says that they were accepted."""
    lines = ticket.timeline.filter(fact=Fact.SENDER_ACCEPTED, data__address=message.sender_address)
    if message.sender_address:
        lines.update(data={"address": CUT})


def _erase_files(message: Message, *, at: datetime) -> None:
    """Remove the rows of the files now, and the files after the commit."""
    paths = list(message.attachments.values_list("file", flat=True))
    if not paths:
        return
    ErasedFile.objects.bulk_create(ErasedFile(path=path, erased_at=at) for path in paths)
    message.attachments.all().delete()
    nudge_removal()
