"""Mail of a colleague to a ticket: an answer that the desk sends on, an acknowledgement, or a note.

Only the answer to a notification has a power, and only if our own mail server confirms who wrote it. Whoever wrote
hears what became of it, by escalation's notifications and never by an answer to the mail itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from customers.addresses import address_key
from customers.names import name_of
from tickets.access import may_see
from tickets.answer_line import words_above_the_line
from tickets.choices import ColleagueMail, IntakeState, MailPurpose, MessageKind
from tickets.errors import DeskError
from tickets.events import ColleagueWrote, publish
from tickets.mail.acknowledging_words import is_acknowledgement
from tickets.mail.classify import MailKind
from tickets.mail.threading import read_message_id, signing_keys
from tickets.message_content import KeptFile
from tickets.models import Message, OutboundEmail, Ticket
from tickets.services.conversation import add_automatic_message, add_note, reply
from tickets.services.intake.authentication import is_verified_staff
from tickets.services.intake.incoming_mail import IncomingMail, IntakeOutcome
from tickets.services.intake.senders import Sender
from tickets.services.intake.ticket_matching import end_of_merges

MAY_ANSWER = "tickets.change_ticket"


def receive_from_colleague(incoming: IncomingMail, sender: Sender, ticket: Ticket, by: User) -> IntakeOutcome:
    """Do what the colleague asks for; otherwise keep their words as a note. Needs the ticket's lock."""
    mail = _MailOfColleague(incoming, ticket, by)
    if incoming.classification.kind is MailKind.AUTO_GENERATED:
        return mail.done(_automatic_message(incoming, ticket))
    if not is_verified_staff(incoming, sender):
        return mail.keep_unverified()
    notification = _answered_notification(incoming, ticket, by)
    if notification is None:
        return mail.done(mail.note(by))
    if is_acknowledgement(incoming.mail.new_text, {incoming.author.name, name_of(by), by.first_name}):
        return mail.acknowledge()
    words = words_above_the_line(incoming.mail)
    if words and (newer := _newest_unread(ticket, notification, by)):
        return mail.keep(problem=_unread_problem(newer))
    return mail.send(words) if words else mail.keep(problem="")


def answers_notification(incoming: IncomingMail, ticket: Ticket, by: User) -> bool:
    return _answered_notification(incoming, end_of_merges(ticket), by) is not None


@dataclass(frozen=True)
class _MailOfColleague:
    """A mail to a locked ticket, and what can become of it."""

    incoming: IncomingMail
    ticket: Ticket
    by: User

    def send(self, words: str) -> IntakeOutcome:
        """Send it to the customer as the colleague's reply, or keep it and say why it cannot be sent."""
        if not (self.by.has_perm(MAY_ANSWER) and may_see(self.by, self.ticket)):
            return self.keep(problem=_("You don't have access to this ticket."))
        try:
            message = reply(
                ticket=self.ticket, actor=self.by, at=self.incoming.now, body=words, files=self._files()
            )
        except DeskError as problem:
            return self.keep(problem=str(problem))
        self._tell(ColleagueMail.SENT, words=words)
        return self.done(message)

    def keep(self, *, problem: str) -> IntakeOutcome:
        message = self.note(self.by)
        self._tell(ColleagueMail.KEPT, words=message.body, problem=problem)
        return self.done(message)

    def keep_unverified(self) -> IntakeOutcome:
        doubt = _("By email from %(address)s, not verified:") % {"address": self.incoming.author.email}
        message = self.note(None, doubt)
        self._tell(ColleagueMail.UNVERIFIED, words=message.body)
        return self.done(message)

    def acknowledge(self) -> IntakeOutcome:
        self._tell(ColleagueMail.ACKNOWLEDGED)
        return IntakeOutcome(IntakeState.PROCESSED, ticket=self.ticket)

    def note(self, author: User | None, doubt: str = "") -> Message:
        content = self.incoming.content()
        body = "\n\n".join(filter(None, [doubt, content.body])) or "-"
        return add_note(
            ticket=self.ticket, actor=author, at=self.incoming.now, body=body, files=content.files
        )

    def done(self, message: Message) -> IntakeOutcome:
        return IntakeOutcome(IntakeState.PROCESSED, ticket=self.ticket, message=message)

    def _files(self) -> list[KeptFile]:
        """What was attached on purpose; pictures inside the text are those of a signature or of the quote."""
        return [each for each in self.incoming.files if not each.file.is_inline]

    def _tell(self, became: ColleagueMail, *, words: str = "", problem: str = "") -> None:
        publish(
            ColleagueWrote(
                ticket=self.ticket,
                at=self.incoming.now,
                actor=None if became is ColleagueMail.UNVERIFIED else self.by,
                colleague=self.by,
                became=became,
                words=words,
                problem=problem,
            )
        )


def _automatic_message(incoming: IncomingMail, ticket: Ticket) -> Message:
    return add_automatic_message(
        ticket=ticket, content=incoming.content(), received_at=incoming.received_at, at=incoming.now
    )


def _answered_notification(incoming: IncomingMail, ticket: Ticket, by: User) -> OutboundEmail | None:
    """The notification about this ticket, or one merged into it, that we sent to the writer and that they answer."""
    mail, secrets = incoming.mail, signing_keys()
    nearest = mail.in_reply_to or mail.references[-1:]
    ours = [message_id for message_id in nearest if read_message_id(message_id, secrets=secrets) is not None]
    sent = OutboundEmail.objects.filter(rfc_message_id__in=ours, purpose=MailPurpose.NOTIFICATION)
    notifications = sent.exclude(ticket=None).select_related("ticket__merged_into") if ours else ()
    return next(
        (
            each
            for each in notifications
            if address_key(by.email) in map(address_key, each.recipients)
            and each.ticket is not None
            and end_of_merges(each.ticket) == ticket
        ),
        None,
    )


def _newest_unread(ticket: Ticket, notification: OutboundEmail, by: User) -> Message | None:
    """What was said after the notification, so that whoever answers it has not read everything."""
    unread = ticket.messages.to_read_first(by.pk).filter(created_at__gt=notification.created_at)
    return unread.select_related("author").order_by("pk").last()


def _unread_problem(newer: Message) -> str:
    if newer.kind == MessageKind.INBOUND or newer.author is None:
        return _("The customer wrote again meanwhile. Read it and answer on the ticket.")
    sentence = _("%(name)s answered meanwhile. Read it and answer on the ticket if something is missing.")
    return sentence % {"name": name_of(newer.author)}
