"""Merges two tickets about the same matter."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from tickets.choices import Fact, Status
from tickets.errors import DeskError
from tickets.events import TicketsMerged, publish
from tickets.models import InboundEmail, Message, MessageTokens, OutboundEmail, Ticket
from tickets.services.conversation import add_note
from tickets.services.locking import lock_mails_of
from tickets.services.naming_customers import put_under_customer
from tickets.services.participants import MOST_PARTICIPANTS, move_participants
from tickets.services.status_and_priority import move_to
from tickets.services.tags import add_tags
from tickets.services.timeline import record
from tickets.services.unanswered import unanswered_since


@transaction.atomic
def merge(*, ticket: Ticket, into: Ticket, actor: User, at: datetime, reason: str = "") -> Ticket:
    """Move the conversation of ``ticket`` into another ticket and close it; later mail to it arrives there.

    Locks the mails of the ticket, then both tickets, the lower number first. Raises DeskError for tickets that cannot
    be one matter: the same one, one that is merged already, or two of different customers. Returns the ticket that
    goes on.
    """
    lock_mails_of(ticket.pk)
    source, target = _lock_both(ticket, into)
    if any(each.is_active and each.proposals.open().exists() for each in (source, target)):
        raise DeskError(_("Confirm or lower the proposed priority first; then the tickets can be merged."))
    _refuse_impossible_merge(source, target)
    _name_one_customer(source, target, actor=actor, at=at)
    MessageTokens.objects.filter(message__ticket=source).update(ticket=target)
    for rows in (Message.objects, InboundEmail.objects, OutboundEmail.objects):
        rows.filter(ticket=source).update(ticket=target)
    participants = move_participants(source, target, at=at)
    add_tags(target, source.tags.values_list("name", flat=True), at=at)
    target.unanswered_since, target.updated_at = _waiting_since(source, target), at
    source.merged_into, source.unanswered_since = target, None
    source.save(update_fields=["merged_into", "unanswered_since"])
    target.save(update_fields=["unanswered_since", "updated_at"])
    record(target, Fact.MERGED, at=at, actor=actor, reason=reason, merged=source.pk)
    record(source, Fact.MERGED, at=at, actor=actor, reason=reason, into=target.pk)
    if target.is_active and target.unanswered_since is None:
        # A question over which the merged ticket had been ended is one of an open ticket now.
        target.unanswered_since = unanswered_since(target)
        target.save(update_fields=["unanswered_since"])
    publish(TicketsMerged(ticket=target, at=at, actor=actor, merged=source, reason=reason))
    goes_on = _goes_on_as(target, source)
    move_to(source, Status.CLOSED, actor=actor, at=at, reason=reason)
    if goes_on is not None:
        move_to(target, goes_on, actor=actor, at=at, reason=reason)
    if participants > MOST_PARTICIPANTS:
        _note_many(target, participants, at=at)
    return target


def _goes_on_as(target: Ticket, source: Ticket) -> Status | None:
    """The status of the ticket that stays, if it changes: it is open while somebody waits or one matter goes on."""
    if target.unanswered_since is not None:
        return None if target.status == Status.NEW else Status.OPEN
    if target.is_active or not source.is_active:
        return None
    return Status.WAITING if source.status == Status.WAITING else Status.OPEN


def _note_many(ticket: Ticket, participants: int, *, at: datetime) -> None:
    text = _(
        "Merged, the ticket has %(count)s participants, and an answer goes to all of them. Take out of Cc whom it does "
        "not concern."
    )
    add_note(ticket=ticket, actor=None, at=at, body=text % {"count": participants})


def _lock_both(ticket: Ticket, into: Ticket) -> tuple[Ticket, Ticket]:
    rows = Ticket.objects.select_for_update().filter(pk__in=[ticket.pk, into.pk]).order_by("pk")
    by_key = {row.pk: row for row in rows}
    return by_key[ticket.pk], by_key[into.pk]


def _name_one_customer(source: Ticket, target: Ticket, *, actor: User, at: datetime) -> None:
    """One matter has one customer: a ticket whose customer is unknown gets the other one's before they become one."""
    for unknown, known in ((source, target), (target, source)):
        if known.customer is not None and unknown.customer_id is None:
            put_under_customer(unknown, known.customer, actor=actor, at=at, even_if_closed=True)


def _waiting_since(*tickets: Ticket) -> datetime | None:
    """The earliest time: an answer in one ticket did not answer the question in the other."""
    return min((ticket.unanswered_since for ticket in tickets if ticket.unanswered_since), default=None)


def _refuse_impossible_merge(source: Ticket, target: Ticket) -> None:
    if source.pk == target.pk:
        raise DeskError(_("A ticket cannot be merged into itself. Choose another one."))
    if source.is_drill or target.is_drill:
        raise DeskError(_("A fire drill cannot be merged: it is not counted in any report."))
    for ticket in (source, target):
        if ticket.merged_into_id is not None:
            raise DeskError(
                _("%(number)s has already been merged. Choose the ticket that stays.")
                % {"number": ticket.number}
            )
    if source.customer_id and target.customer_id and source.customer_id != target.customer_id:
        raise DeskError(_("These tickets belong to different customers and cannot be merged."))
