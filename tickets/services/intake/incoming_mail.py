"""Values of one mail on its way in: its content, its sender, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings

from customers.names import name_of
from customers.public_domains import share_a_domain
from tickets.choices import IntakeState
from tickets.events import CustomersRecognised, publish
from tickets.mail.bounce_addresses import BounceTag, first_bounce_tag
from tickets.mail.classify import Classification, MailKind, classify
from tickets.mail.machine_signs import AUTOMATIC_MARK, PERSON_MARK, takes_no_answers
from tickets.mail.parse import parse
from tickets.mail.threading import signing_keys
from tickets.mail.values import Address, ParsedMail
from tickets.message_content import KeptFile, MessageContent, NewFile
from tickets.models import InboundEmail, Mailbox, Message, Ticket
from tickets.services.intake.known_contacts import remember_contacts
from tickets.services.intake.senders import Sender, find_sender
from tickets.services.mail_marks import remembered_mark
from tickets.services.mailboxes import Mailboxes

NOBODY = Address("", "")
_WITH_ENVELOPE = ("lmtp", "smtp")
_BY_SENDER = (MailKind.PERSON, MailKind.AUTO_GENERATED, MailKind.LIST, MailKind.AUTO_REPLY, MailKind.CALENDAR)


@dataclass(frozen=True)
class IncomingMail:
    """A stored mail, parsed and classified.

    ``author`` wrote it: its sender, or the original sender of a mail that a colleague forwarded; NOBODY if the mail
    names nobody. ``sender`` is what the desk knows about the address that sent it, looked up only where it is needed.
    ``now`` is the time of processing; ``received_at`` is never after it.
    """

    row: InboundEmail
    mail: ParsedMail
    author: Address
    reply_to: str
    sent_through: str
    sender: Sender
    classification: Classification
    mailboxes: Mailboxes
    mailbox: Mailbox
    received_at: datetime
    now: datetime
    is_released: bool = False
    bounce_tag: BounceTag | None = None  # of the mail of ours whose signed envelope sender this one went to
    files: Sequence[KeptFile] = ()

    def content(self, *, is_unconfirmed: bool = False) -> MessageContent:
        """The message to store. It is automatic if an acknowledgement of it would have no reader."""
        new_text, quoted_text = self.mail.new_text.strip(), self.mail.quoted_text.strip()
        return MessageContent(
            body=shown_text(self.mail),
            quoted=quoted_text if new_text else "",
            html=self.mail.html or "",
            rfc_message_id=self.mail.message_id,
            sender_name=self.author.name,
            sender_address=self.author.email,
            reply_to=self.reply_to,
            sent_through=self.sent_through,
            is_automatic=not self.classification.may_be_acknowledged,
            is_unconfirmed=is_unconfirmed,
            files=self.files,
        )


def shown_text(mail: ParsedMail) -> str:
    """The new words, or the whole quote if a mail has nothing else."""
    return mail.new_text.strip() or mail.quoted_text.strip()


@dataclass(frozen=True)
class ParsedWithFiles:
    """A mail that was parsed before, and its files, which are in the storage."""

    mail: ParsedMail
    files: Sequence[KeptFile]


def parse_stored(row: InboundEmail) -> ParsedMail:
    """Raises UnreadableMail."""
    return parse(row.original)


def files_of(mail: ParsedMail) -> list[NewFile]:
    return [
        NewFile(file.name, file.data, file.content_type, file.content_id, file.is_inline)
        for file in mail.attachments
    ]


def read_mail(
    row: InboundEmail,
    mailboxes: Mailboxes,
    *,
    now: datetime,
    is_released: bool,
    parsed: ParsedWithFiles | None = None,
) -> IncomingMail:
    """Classify a stored mail, and parse it unless that was done. Raises UnreadableMail."""
    mail = parsed.mail if parsed is not None else parse_stored(row)
    to = (each.email for each in (*mail.to, *mail.cc))
    bounce_tag = first_bounce_tag([*row.envelope_to, *mail.delivered_to, *to])
    classification = classify(
        mail,
        own_addresses=mailboxes.addresses,
        secrets=signing_keys(),
        envelope_from=row.envelope_from if row.via in _WITH_ENVELOPE else None,
        loop_name=parseaddr(settings.DESK_ADDRESS)[1],
        is_returned=bounce_tag is not None,
    )
    correspondent, received_at = read_correspondent(mail, mailboxes), min(row.received_at, now)
    author = correspondent.author
    sender = Sender(author.email)
    if classification.kind in _BY_SENDER:
        sender = find_sender(author.email, at=received_at, now=now)
        classification = _as_marked(classification, mail, author, sender)
    return IncomingMail(
        row=row,
        mail=mail,
        author=author,
        reply_to=correspondent.reply_to,
        sent_through=correspondent.sent_through,
        sender=sender,
        classification=classification,
        mailboxes=mailboxes,
        mailbox=mailboxes.by_id(row.mailbox_id) or row.mailbox,
        received_at=received_at,
        now=now,
        is_released=is_released,
        bounce_tag=bounce_tag,
        files=parsed.files if parsed is not None else (),
    )


def remember_writers(
    mails: Iterable[tuple[InboundEmail, ParsedMail]], mailboxes: Mailboxes, *, now: datetime
) -> None:
    """Look up at once who wrote the mails of a batch, and tell whose customers they are."""
    asked = [
        (read_correspondent(mail, mailboxes).author.email, min(row.received_at, now)) for row, mail in mails
    ]
    contacts = remember_contacts(asked, now=now)
    customers = {contact.customer_id for contact in contacts if contact.customer_id is not None}
    if customers:
        publish(CustomersRecognised(frozenset(customers)))


@dataclass(frozen=True)
class Correspondent:
    """Who wrote a mail, and where answers go if not to them. ``sent_through`` is the no-reply address in From."""

    author: Address
    reply_to: str = ""
    sent_through: str = ""


def read_correspondent(mail: ParsedMail, mailboxes: Mailboxes) -> Correspondent:
    """The sender or, for a no-reply address, the person in Reply-To if they are of the same company.

    Reply-To alone makes nobody of another company the author, as its sender could name any of our contacts there.
    """
    sender = mail.sender or NOBODY
    answers_to = next(
        (each for each in mail.reply_to if each.email and not mailboxes.is_own(each.email)), None
    )
    if answers_to is None or answers_to.key == sender.key:
        return Correspondent(sender)
    if takes_no_answers(sender.email) and share_a_domain(sender.email, answers_to.email):
        name = answers_to.name or sender.name
        return Correspondent(Address(name, answers_to.email), sent_through=sender.email)
    return Correspondent(sender, reply_to=answers_to.email)


def _as_marked(found: Classification, mail: ParsedMail, author: Address, sender: Sender) -> Classification:
    """Let people's mark on this sender's mails of this shape override the signs, except for reports and loops."""
    if not sender.may_be_marked:
        return found
    mark = remembered_mark(
        sender=author.email, name=author.name, subject=mail.subject[:500], text=shown_text(mail)
    )
    if mark is None:
        return found
    kind = MailKind.AUTO_REPLY if mark.is_automatic else MailKind.PERSON
    sign = AUTOMATIC_MARK if mark.is_automatic else PERSON_MARK
    return Classification(kind, (f"{sign}: {name_of(mark.made_by)}", *found.signs))


@dataclass(frozen=True)
class IntakeOutcome:
    """Where a mail went. ``reason`` is a sentence for the list of mails."""

    state: IntakeState
    reason: str = ""
    ticket: Ticket | None = None
    message: Message | None = None
