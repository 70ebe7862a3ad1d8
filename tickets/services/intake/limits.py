"""How many tickets one sender may open in an hour; what is above waits, parked, and one person is told."""

from django.utils.translation import gettext as _

from customers.models import Desk
from tickets.choices import IntakeState, MailPurpose
from tickets.models import InboundEmail
from tickets.services.intake.incoming_mail import IncomingMail, IntakeOutcome
from tickets.services.intake.senders import LIMIT_WINDOW, Sender
from tickets.services.outgoing.outbox import queue_mail

MOST_TICKETS = 20


def over_limit(arrival: IncomingMail, writer: Sender) -> IntakeOutcome | None:
    """An outcome that parks the mail, or None when it may open a ticket. A person who releases it decides alone."""
    if arrival.is_released or writer.opened_lately < MOST_TICKETS:
        return None
    _tell_once(arrival)
    return IntakeOutcome.parked(
        _("%(address)s opened more than %(most)s tickets within an hour.")
        % {"address": arrival.sender_address, "most": MOST_TICKETS}
    )


def _tell_once(arrival: IncomingMail) -> None:
    """Tell the intake owner about the first parked mail of a flood, not about each."""
    parked = InboundEmail.objects.filter(
        state=IntakeState.PARKED,
        sender=arrival.sender_address,
        received_at__gt=arrival.received_at - LIMIT_WINDOW,
    )
    desk = Desk.objects.select_related("intake_owner", "duty_manager").first()
    people = [desk.intake_owner, desk.duty_manager] if desk else []
    address = next((person.email for person in people if person and person.email), "")
    if not address or arrival.boxes.is_own(address) or parked.exists():
        return
    words = {"address": arrival.sender_address, "most": MOST_TICKETS}
    queue_mail(
        purpose=MailPurpose.NOTIFICATION,
        recipients=[address],
        subject=_("Mail of %(address)s is being parked") % words,
        text=_(
            "%(address)s opened more than %(most)s tickets within an hour. Further mail of this sender waits under "
            "parked mail, where it can be released as tickets. Nothing is lost."
        )
        % words,
        at=arrival.now,
    )
