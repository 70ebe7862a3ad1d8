"""Mails the customer the number of their ticket and the promised time, in their language and zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import Contract
from customers.names import desk_name, given_name, is_chinese, name_of, speaks_chinese
from customers.phrases import sentences
from customers.times import as_read_by, moment
from escalation.choices import RESPONSE_KINDS, ClockKind, NoticeKind
from escalation.models import Clock
from escalation.policies.terms import window_for
from tickets.choices import Channel, Fact, MailPurpose, Priority
from tickets.errors import DeskError
from tickets.mail.machine_signs import takes_no_answers
from tickets.models import Message, OutboundEmail, Proposal, Ticket
from tickets.services.automatic_mail_limits import may_write_by_itself
from tickets.services.locking import lock_ticket
from tickets.services.outgoing.outbox import answer_subject, queue_mail
from tickets.services.timeline import record


def acknowledge_receipt(
    *, ticket: Ticket, message: Message, clock: Clock, at: datetime
) -> OutboundEmail | None:
    """Queue the acknowledgement of a ticket's first mail; None if only a machine, or nobody, would read it."""
    if not _is_welcome(message) or not may_write_by_itself(ticket, at=at):
        return None
    with as_read_by(*_reader(ticket, clock.contract)):
        try:
            mail = _queue(ticket, message, clock, at)
        except DeskError:
            return None  # no usable address; the ticket is opened anyway
    record(ticket, Fact.ACKNOWLEDGED, at=at, actor=None)
    return mail


@transaction.atomic
def acknowledge_by_hand(*, ticket: Ticket, actor: User, at: datetime) -> OutboundEmail:
    """Queue the acknowledgement that was not sent automatically, because a person decided to. Locks the ticket.

    Raises DeskError if it was sent before, or if the ticket did not begin with a mail.
    """
    ticket = lock_ticket(ticket)
    if ticket.timeline.filter(fact=Fact.ACKNOWLEDGED).exists():
        raise DeskError(_("The acknowledgement has already been sent."))
    clocks = Clock.objects.filter(ticket=ticket, kind=ClockKind.FIRST_RESPONSE)
    clock = clocks.select_related("started_by__contact", "contract").order_by("started_at", "pk").first()
    message = clock.started_by if clock is not None else None
    if clock is None or message is None or message.channel != Channel.EMAIL:
        raise DeskError(_("There is no email to acknowledge."))
    clock.ticket = ticket
    with as_read_by(*_reader(ticket, clock.contract)):
        mail = _queue(ticket, message, clock, at)
    record(ticket, Fact.ACKNOWLEDGED, at=at, actor=actor)
    return mail


def tell_new_time(*, ticket: Ticket, proposal: Proposal, at: datetime) -> OutboundEmail | None:
    """Tell the customer when we respond after a proposed priority was rejected; None if nobody waits or reads it."""
    message = proposal.message
    clocks = Clock.objects.open().filter(ticket=ticket, kind__in=RESPONSE_KINDS, due_at__gt=at)
    clock = clocks.select_related("contract").order_by("due_at", "pk").first()
    if message is None or clock is None or not _is_welcome(message):
        return None
    if not may_write_by_itself(ticket, at=at):
        return None
    with as_read_by(*_reader(ticket, clock.contract)):
        try:
            return queue_mail(
                purpose=MailPurpose.ACKNOWLEDGEMENT,
                recipients=[message.reply_to or message.sender_address],
                subject=answer_subject(ticket.subject),
                text=new_time_text(ticket, clock),
                at=at,
                ticket=ticket,
                in_reply_to=message.rfc_message_id,
                references=[message.rfc_message_id] if message.rfc_message_id else [],
            )
        except DeskError:
            return None  # no usable address


def new_time_text(ticket: Ticket, clock: Clock) -> str:
    name, phone = given_name(ticket.contact.name if ticket.contact else ""), _hotline(ticket, clock.contract)
    words = {"number": ticket.number, "time": moment(clock.due_at), "phone": phone}
    new_time = _(
        "We have looked at your report %(number)s. It is not handled as a critical incident; we will respond by "
        "%(time)s."
    )
    worse = (
        _(
            "If all users are affected after all, call %(phone)s or answer this email with P0 in its first line."
        )
        if phone
        else _("If all users are affected after all, answer this email with P0 in its first line.")
    )
    hello = _("Hello %(name)s,") % {"name": name} if name else _("Hello,")
    regards = _("Regards,\n%(desk)s") % {"desk": desk_name()}
    return "\n\n".join((hello, new_time % words, worse % words, regards))


def _reader(ticket: Ticket, contract: Contract | None) -> tuple[str, str]:
    """Language and zone of the sender: their own, else the contract's or the company's, else the mail's language."""
    contact = ticket.contact
    if contact is None:
        return ticket.language, settings.DESK_TIME_ZONE
    if contract is not None:
        return contact.language or contract.spoken_language, contact.time_zone or contract.zone
    is_known = contact.language or contact.customer_id
    return contact.preferred_language if is_known else ticket.language, contact.zone


def _hotline(ticket: Ticket, contract: Contract | None) -> str:
    if contract is not None:
        return contract.hotline_to_call
    return ticket.customer.hotline if ticket.customer else ""


def _queue(ticket: Ticket, message: Message, clock: Clock, at: datetime) -> OutboundEmail:
    return queue_mail(
        purpose=MailPurpose.ACKNOWLEDGEMENT,
        recipients=[message.reply_to or message.sender_address],
        subject=_subject(ticket, message, clock),
        text=_text(ticket, clock, at),
        at=at,
        ticket=ticket,
        in_reply_to=message.rfc_message_id,
        references=[message.rfc_message_id] if message.rfc_message_id else [],
    )


def _subject(ticket: Ticket, message: Message, clock: Clock) -> str:
    """The subject of a reply to the customer's own mail, so that it joins their thread."""
    if message.rfc_message_id:
        return answer_subject(ticket.subject)
    if clock.priority == Priority.P0:
        return _("Critical incident received: %(subject)s") % {"subject": ticket.subject}
    return _("Received: %(subject)s") % {"subject": ticket.subject}


def _is_welcome(message: Message) -> bool:
    address = message.reply_to or message.sender_address
    by_mail = message.channel == Channel.EMAIL and bool(address) and not takes_no_answers(address)
    failing = message.contact is not None and message.contact.mail_failed_at is not None
    return by_mail and not message.is_automatic and not message.is_unconfirmed and not failing


def _text(ticket: Ticket, clock: Clock, at: datetime) -> str:
    has_manager = ticket.customer is not None and ticket.customer.account_manager_id == ticket.owner_id
    is_critical = clock.priority == Priority.P0
    return receipt_text(
        Receipt(
            number=ticket.number,
            name=ticket.contact.name if ticket.contact else "",
            priority=Priority(clock.priority),
            due_at=clock.due_at if at < clock.due_at else None,
            hotline=_hotline(ticket, clock.contract),
            manager=name_of(ticket.owner) if has_manager else "",
            update_minutes=_update_minutes(clock) if is_critical else 0,
            is_paged=is_critical and ticket.notifications.filter(kind=NoticeKind.PAGED).exists(),
            is_known=ticket.customer is not None,
        )
    )


def _update_minutes(clock: Clock) -> int:
    """How often we promise an update on the incident, in minutes; 0 if we do not."""
    kind = ClockKind.UPDATE
    try:
        window = window_for(contract=clock.contract, kind=kind, priority=clock.priority, at=clock.started_at)
    except DeskError:
        return 0
    return window.minutes


@dataclass(frozen=True)
class Receipt:
    """``due_at`` is None if the promised time has already passed, as a time in the past is no promise.

    Hotline, account manager and the interval of updates are empty or 0 if there are none.
    """

    number: str
    name: str
    priority: Priority
    due_at: datetime | None
    hotline: str = ""
    manager: str = ""
    update_minutes: int = 0
    is_paged: bool = False
    is_known: bool = True


def receipt_text(receipt: Receipt) -> str:
    name = given_name(receipt.name)
    hello = _("Hello %(name)s,") % {"name": name} if name else _("Hello,")
    regards = _("Regards,\n%(desk)s") % {"desk": desk_name()}
    return "\n\n".join((hello, *_paragraphs(receipt), regards))


def _paragraphs(receipt: Receipt) -> Iterator[str]:
    match receipt.priority:
        case Priority.P0:
            return _critical(receipt)
        case Priority.P1:
            return _high(receipt)
        case Priority.P2 if receipt.is_known:
            return _general(receipt)
        case _question:
            return _question_of(receipt)


def _critical(receipt: Receipt) -> Iterator[str]:
    yield _(
        "We have received your report and are treating it as a critical incident (P0). Ticket: %(number)s."
    ) % {"number": receipt.number}
    paged = _("The engineer on duty has been paged now.") if receipt.is_paged else ""
    yield sentences([paged, _first_word(receipt)])
    yield "\n".join(filter(None, (_what_we_need(), _call_now(receipt))))


def _first_word(receipt: Receipt) -> str:
    if receipt.due_at is None:
        return _delayed()
    words = {"time": moment(receipt.due_at), "minutes": receipt.update_minutes}
    if receipt.update_minutes:
        return (
            _(
                "You will hear from us by %(time)s, and at least every %(minutes)s minutes after that until "
                "service is restored."
            )
            % words
        )
    return _("You will hear from us by %(time)s.") % words


def _what_we_need() -> str:
    return _(
        "If you can, reply to this email with the app or room ID, the time it began and how many users are affected."
    )


def _call_now(receipt: Receipt) -> str:
    if not receipt.hotline:
        return ""
    return _("To speak to us right now, call our 24/7 hotline: %(phone)s (quote %(number)s).") % {
        "phone": receipt.hotline,
        "number": receipt.number,
    }


def _high(receipt: Receipt) -> Iterator[str]:
    yield (
        _with_their_manager(receipt, receipt.due_at)
        if receipt.manager and receipt.due_at
        else _with_us(receipt)
    )
    worse = (
        _(
            "If the problem gets worse, for instance if all users are affected, call %(phone)s or answer this "
            "email with P0 in its first line."
        )
        if receipt.hotline
        else _(
            "If the problem gets worse, for instance if all users are affected, reply to this email with P0 in its "
            "first line."
        )
    )
    yield f"{_to_add()}\n{worse % {'phone': receipt.hotline}}"


def _with_their_manager(receipt: Receipt, due_at: datetime) -> str:
    words = {"number": receipt.number, "manager": _in_line(receipt.manager), "time": moment(due_at)}
    return (
        _(
            "Thank you for contacting us. Your request is ticket %(number)s, priority P1.\n"
            "%(manager)s will respond by %(time)s."
        )
        % words
    )


def _in_line(name: str) -> str:
    """The name as it stands in a sentence: Chinese parts Latin letters from its own by a blank."""
    return f" {name} " if speaks_chinese() and not is_chinese(name) else name


def _with_us(receipt: Receipt) -> str:
    thanks = _("Thank you for contacting us. Your request is ticket %(number)s, priority P1.")
    return f"{thanks % {'number': receipt.number}}\n{_answer_by(receipt)}"


def _general(receipt: Receipt) -> Iterator[str]:
    thanks = _("Thank you for contacting us. Your request is ticket %(number)s.") % {"number": receipt.number}
    yield sentences([thanks, _answer_by(receipt)])
    urgent = _("If it becomes urgent, call %(phone)s and quote %(number)s.") % {
        "phone": receipt.hotline,
        "number": receipt.number,
    }
    yield f"{_to_add()}\n{urgent}" if receipt.hotline else _to_add()


def _question_of(receipt: Receipt) -> Iterator[str]:
    words = {"number": receipt.number, "time": moment(receipt.due_at) if receipt.due_at else ""}
    if receipt.due_at is None:
        thanks = sentences([_("Thank you for your question. It is ticket %(number)s.") % words, _delayed()])
    else:
        thanks = (
            _("Thank you for your question. It is ticket %(number)s, and we will reply by %(time)s.") % words
        )
    add = _("You can add to it at any time by replying to this email.")
    yield f"{thanks}\n{add}"


def _to_add() -> str:
    return _("To add details or files, reply to this email.")


def _answer_by(receipt: Receipt) -> str:
    if receipt.due_at is None:
        return _delayed()
    return _("We will respond by %(time)s.") % {"time": moment(receipt.due_at)}


def _delayed() -> str:
    return _("Your email reached us late, so we have put it first in line. We are working on it now.")
