"""Floods: too many tickets at once from one sender, or from new addresses of one domain.

Says whether there is a flood, finds the ticket of the same words, and tells one colleague.
"""

from __future__ import annotations

from contextlib import suppress

from django.utils.translation import gettext as _

from customers.models import Desk
from customers.public_domains import company_domain
from tickets.choices import MailPurpose, MessageKind
from tickets.errors import DeskError
from tickets.mail.shapes import mail_shape
from tickets.models import InboundEmail, Message, Ticket
from tickets.services.automatic_mail_limits import LIMIT_WINDOW
from tickets.services.intake.incoming_mail import IncomingMail, shown_text
from tickets.services.intake.senders import Sender
from tickets.services.outgoing.outbox import queue_mail

MOST_TICKETS = 20  # tickets that one sender, or the new addresses of one domain, may open within LIMIT_WINDOW


def flood_reason(sender: Sender) -> str:
    """A sentence that says who opened too many tickets; empty if nobody did."""
    sentence = _("%(address)s created more than %(most)s tickets within an hour.")
    if sender.recent_tickets >= MOST_TICKETS:
        return sentence % {"address": sender.address, "most": MOST_TICKETS}
    if sender.recent_in_domain >= MOST_TICKETS:
        return sentence % {"address": f"*@{company_domain(sender.address)}", "most": MOST_TICKETS}
    return ""


def ticket_of_same_words(incoming: IncomingMail, sender: Sender) -> Ticket | None:
    """The sender's open ticket of the last hour that began with a mail of the same shape."""
    if sender.contact is None:
        return None
    recent = Ticket.objects.active().filter(
        contact=sender.contact, opened_at__gt=incoming.received_at - LIMIT_WINDOW
    )
    messages = Message.objects.filter(ticket__in=recent, kind=MessageKind.INBOUND).select_related("ticket")
    shape = mail_shape(incoming.mail.subject, shown_text(incoming.mail))
    alike = (
        message.ticket
        for message in messages.defer("html", "quoted").order_by("-at", "-pk")
        if mail_shape(message.ticket.subject, message.body) == shape
    )
    return next(alike, None)


def tell_of_flood(incoming: IncomingMail, reason: str, *, is_held: bool) -> None:
    """Tell the intake owner about the first mail of a flood, not about every one."""
    told = InboundEmail.objects.filter(
        reason=reason[:300], received_at__gt=incoming.received_at - LIMIT_WINDOW
    )
    desk = Desk.objects.select_related("intake_owner", "duty_manager").first()
    people = [desk.intake_owner, desk.duty_manager] if desk else []
    address = next((person.email for person in people if person and person.email), "")
    if not address or told.exists():
        return
    with suppress(DeskError):  # mistyped or the desk's own: the mail must be processed anyway
        queue_mail(
            purpose=MailPurpose.NOTIFICATION,
            recipients=[address],
            subject=_subject(is_held) % {"address": incoming.author.email},
            text=f"{reason} {_consequence(is_held)}",
            at=incoming.now,
        )


def _subject(is_held: bool) -> str:
    if is_held:
        return _("Email from %(address)s is being held")
    return _("Many tickets from %(address)s")


def _consequence(is_held: bool) -> str:
    if is_held:
        return _(
            "Further email from this sender is held for review, where it can be turned into tickets. Nothing is lost."
        )
    return _(
        "Further email still opens tickets, without an acknowledgement; the same words again join their ticket."
    )
