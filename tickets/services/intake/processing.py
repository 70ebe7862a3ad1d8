"""The second step of mail in: a stored mail is read, classified and brought to its ticket.

A mail that fails keeps its bytes and its error and can be processed again; a fault of the database leaves it as it
was, for the minute task. Either way the next mail goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.contrib.auth.models import User
from django.db import InterfaceError, InternalError, OperationalError, ProgrammingError, transaction
from django.db.models import F, Subquery
from django.utils.translation import gettext as _

from tickets.choices import IntakeState
from tickets.errors import DeskError
from tickets.mail.classify import MailKind, classify
from tickets.mail.parse import parse
from tickets.mail.storable_text import storable
from tickets.mail.values import UnreadableMail
from tickets.models import InboundEmail, Message
from tickets.services.intake.automatic_mail import (
    park_bulk,
    park_loop,
    receive_alarm,
    receive_automatic_reply,
)
from tickets.services.intake.delivery_reports import receive_report
from tickets.services.intake.human_mail import open_new, receive_person
from tickets.services.intake.incoming_mail import IncomingMail, IntakeOutcome
from tickets.services.intake.senders import find_sender
from tickets.services.mailboxes import Mailboxes, remember_mailboxes
from tickets.services.outgoing.threads import signing_keys

logger = logging.getLogger(__name__)

# The database is away or busy, or its tables are not migrated yet.
DATABASE_FAULTS = (OperationalError, InterfaceError, InternalError, ProgrammingError)
_WITH_ENVELOPE = ("lmtp", "smtp")


class Overtaking(Exception):
    """Mails that this one answers (their keys, oldest first) are stored and not processed yet."""

    def __init__(self, ancestors: Sequence[int]) -> None:
        super().__init__(ancestors)
        self.ancestors = ancestors


def process(inbound: int, *, now: datetime) -> InboundEmail | None:
    """Bring a stored or failed mail (its key) to its ticket. None: somebody else has it, or it is done already.

    What it answers comes first: after an outage both wait, and several workers begin at once.
    """
    states = [IntakeState.STORED, IntakeState.FAILED]
    try:
        return _work_on(inbound, states, now=now, waits=True)
    except Overtaking as overtaking:
        for ancestor in overtaking.ancestors:
            _work_on(ancestor, [IntakeState.STORED], now=now)
        _wait_for(overtaking.ancestors)
        return _work_on(inbound, states, now=now)


@transaction.atomic
def _wait_for(mails: Sequence[int]) -> None:
    """Whoever has one of them is done with it afterwards. Nothing else is locked meanwhile: no two wait in turn."""
    list(InboundEmail.objects.select_for_update().filter(pk__in=mails).order_by("pk").values_list("pk"))


def process_again(*, inbound: InboundEmail, actor: User, at: datetime) -> InboundEmail:
    """Process a failed mail once more; the row says what became of it. Raises DeskError."""
    if inbound.state not in (IntakeState.FAILED, IntakeState.STORED):
        raise DeskError(_("This mail has not failed, so there is nothing to process again."))
    logger.info("%s processes mail %s again", actor, inbound.pk)
    return process(inbound.pk, now=at) or InboundEmail.objects.get(pk=inbound.pk)


def release_parked(*, inbound: InboundEmail, actor: User, at: datetime) -> InboundEmail:
    """Make a ticket of a parked mail; its receipt time stays. Raises DeskError."""
    released = _work_on(inbound.pk, [IntakeState.PARKED], now=at, released_by=actor)
    if released is None:
        raise DeskError(_("This mail is not parked any more."))
    return released


def _work_on(
    inbound: int,
    states: Sequence[IntakeState],
    *,
    now: datetime,
    released_by: User | None = None,
    waits: bool = False,
) -> InboundEmail | None:
    """``waits``: raises Overtaking where mails that this one answers are not processed yet."""
    try:
        with transaction.atomic():
            row = _locked(inbound, states)
            if row is None:
                return None
            _settle(row, _outcome(row, now=now, released_by=released_by, waits=waits))
            return row
    except (*DATABASE_FAULTS, Overtaking):
        raise  # the mail is not to blame and stays as it was
    except UnreadableMail as error:
        logger.warning("Mail %s cannot be read: %s", inbound, error)
        return _failed(inbound, states, error)
    except Exception as error:  # whatever this mail broke, it is kept with its error and the next one goes on
        logger.exception("Mail %s could not be processed", inbound)
        return _failed(inbound, states, error)


def _locked(inbound: int, states: Sequence[IntakeState]) -> InboundEmail | None:
    waiting = InboundEmail.objects.select_for_update(skip_locked=True)
    return waiting.filter(pk=inbound, state__in=states).first()


def _outcome(row: InboundEmail, *, now: datetime, released_by: User | None, waits: bool) -> IntakeOutcome:
    with remember_mailboxes() as boxes:
        arrival = _read(row, boxes, now=now, is_released=released_by is not None)
        if waits:
            _refuse_overtaking(arrival)
        return _brought(arrival, released_by)


def _refuse_overtaking(arrival: IncomingMail) -> None:
    ids = {*arrival.mail.in_reply_to, *arrival.mail.references}
    if not ids:
        return
    stored = InboundEmail.objects.filter(state=IntakeState.STORED, rfc_message_id__in=ids)
    ancestors = list(stored.exclude(pk=arrival.row.pk).order_by("pk").values_list("pk", flat=True))
    if ancestors:
        raise Overtaking(ancestors)


def _brought(arrival: IncomingMail, released_by: User | None) -> IntakeOutcome:
    row = arrival.row
    row.sender = arrival.sender_address[:320]
    row.subject = arrival.mail.subject[:500]
    if released_by is not None:
        return _released(arrival, released_by)
    return _twin(arrival) or _handled(arrival)


def _read(row: InboundEmail, boxes: Mailboxes, *, now: datetime, is_released: bool) -> IncomingMail:
    mail = parse(bytes(row.raw))
    known_envelope = row.via in _WITH_ENVELOPE
    found = classify(
        mail,
        own_addresses=boxes.addresses,
        secrets=signing_keys(),
        envelope_from=row.envelope_from if known_envelope else None,
        loop_name=parseaddr(settings.DESK_ADDRESS)[1],
    )
    return IncomingMail(row, mail, mail.sender, found, boxes, now, is_released)


def _handled(arrival: IncomingMail) -> IntakeOutcome:
    match arrival.kind:
        case MailKind.HUMAN:
            return receive_person(arrival)
        case MailKind.AUTOMATIC_REPLY:
            return receive_automatic_reply(arrival)
        case MailKind.AUTOMATIC_ALARM:
            return receive_alarm(arrival)
        case MailKind.BULK:
            return park_bulk(arrival)
        case MailKind.LOOP:
            return park_loop(arrival)
        case MailKind.BOUNCE | MailKind.DELAY | MailKind.RECEIPT | MailKind.COMPLAINT:
            return receive_report(arrival)


def _twin(arrival: IncomingMail) -> IntakeOutcome | None:
    """A copy that came to another of our mailboxes joins the ticket of the first one.

    The first copy's row is the lock of them all, so that two workers cannot open a ticket each.
    """
    row = arrival.row
    if not row.rfc_message_id or len(arrival.boxes.rows) < 2:
        return None
    copies = InboundEmail.objects.filter(rfc_message_id=row.rfc_message_id, fingerprint=row.fingerprint)
    others = copies.exclude(pk=row.pk)
    if not others.exists():
        return None
    copies.select_for_update().only("pk").order_by("pk").first()
    done = others.exclude(ticket=None).select_related("ticket").defer("raw").first()
    if done is None:
        return None
    return IntakeOutcome(IntakeState.PROCESSED, _("A copy of a mail to another mailbox."), done.ticket)


def _released(arrival: IncomingMail, actor: User) -> IntakeOutcome:
    """A person has decided that this is a matter of its own."""
    outcome = open_new(arrival, find_sender(arrival.sender_address, at=arrival.received_at))
    said = _("Released by %(name)s. %(reason)s") % {"name": actor, "reason": arrival.row.reason}
    return replace(outcome, reason=said)


def _settle(row: InboundEmail, outcome: IntakeOutcome) -> None:
    row.state = outcome.state
    row.reason = outcome.reason[:300]
    row.ticket = outcome.ticket
    if outcome.message is None and outcome.is_new_ticket:
        row.message_id = Subquery(
            Message.objects.filter(ticket=outcome.ticket).order_by("pk").values("pk")[:1]
        )
    else:
        row.message = outcome.message
    row.error = ""
    row.attempts += 1
    row.save(update_fields=["state", "reason", "ticket", "message", "error", "attempts", "sender", "subject"])


def _failed(inbound: int, states: Sequence[IntakeState], error: Exception) -> InboundEmail | None:
    """A parked mail that cannot be released stays parked, with the error."""
    sentence = (
        str(error) if isinstance(error, DeskError | UnreadableMail) else f"{type(error).__name__}: {error}"
    )
    left = IntakeState.PARKED if IntakeState.PARKED in states else IntakeState.FAILED
    rows = InboundEmail.objects.filter(pk=inbound, state__in=states)
    rows.update(state=left, error=storable(sentence), attempts=F("attempts") + 1)
    return InboundEmail.objects.filter(pk=inbound).first()
