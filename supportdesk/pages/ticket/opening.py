"""Opens a ticket from the form in which staff enter calls and group messages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from customers.choices import Language
from customers.lock_waits import short_lock_waits
from customers.models import Contact, Customer
from supportdesk.pages.faults import faults_as_sentences
from tickets.errors import DeskError
from tickets.message_content import MessageContent
from tickets.models import Ticket
from tickets.services.opening import open_ticket
from tickets.services.submissions import claim_submission


@faults_as_sentences()
@short_lock_waits()
@transaction.atomic
def open_by_hand(data: Mapping[str, Any], *, actor: User, at: datetime) -> Ticket:
    """Open the ticket; ``data`` comes from a valid NewTicketForm. Raises DeskError, also for a form sent before."""
    if not claim_submission(data["token"], actor=actor, at=at):
        raise DeskError(_("This ticket was already created; find it on the board."))
    contact: Contact | None = data["contact"]
    customer: Customer | None = data["customer"] or (contact.customer if contact else None)
    return open_ticket(
        subject=data["subject"],
        content=MessageContent(
            body=data["body"],
            sender_name=str(contact or customer),
            sender_address=contact.email if contact else "",
        ),
        received_at=data["happened_at"],
        at=at,
        priority=data["priority"],
        actor=actor,
        customer=customer,
        contact=contact,
        channel=data["channel"],
        language=_language(contact, customer),
    )


def _language(contact: Contact | None, customer: Customer | None) -> str:
    if contact is not None:
        return contact.preferred_language
    return customer.language if customer is not None else Language.ENGLISH
