"""tickets.csv: one row per ticket. The weekly pack and every exported list have these columns."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import NamedTuple

from django.db.models import OuterRef, Subquery

from escalation.exports.period import Period
from escalation.exports.roster import Roster
from escalation.exports.stamps import moments, stamp
from escalation.lib.csv_sheets import Cell, iso_time, local_time
from tickets.choices import Channel, Priority
from tickets.models import Message, Ticket
from tickets.models.message import BACKDATED_AFTER
from tickets.models.ticket import TicketQuerySet, ticket_number

FETCH = 2000  # rows read at a time
PRIORITY_CODES = {priority.value: priority.name for priority in Priority}

COLUMNS = (
    "ticket",
    "subject",
    "customer_code",
    "customer",
    "contact",
    "contact_email",
    "account_manager",
    "account_manager_name",
    "owner",
    "owner_name",
    "owner_team",
    "priority",
    "status",
    "channel",
    "language",
    "opened_at",
    "opened_local",
    "unanswered_since",
    "unanswered_since_local",
    "resolved_at",
    "resolved_local",
    "closed_at",
    "closed_local",
    "merged_into",
    "follows",
    "opened_recorded_at",
    "opened_backdated",
)


class TicketRow(NamedTuple):
    """What one row is made of, in the order of PATHS and TIMES."""

    pk: int
    subject: str
    customer_code: str | None
    customer: str | None
    contact: str | None
    contact_email: str | None
    account_manager_id: int | None
    owner_id: int
    priority: int
    status: str
    channel: str
    language: str
    merged_into_id: int | None
    follows_id: int | None
    opened_at: datetime
    unanswered_since: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    recorded_at: datetime | None  # of what the ticket was opened by

    @property
    def is_backdated(self) -> bool:
        """A colleague wrote it down later; a mail's receipt is never backdated, however late it was fetched."""
        if self.recorded_at is None or self.channel == Channel.EMAIL:
            return False
        return self.recorded_at - self.opened_at > BACKDATED_AFTER


PATHS = (
    "pk",
    "subject",
    "customer__code",
    "customer__name",
    "contact__name",
    "contact__email",
    "customer__account_manager_id",
    "owner_id",
    "priority",
    "status",
    "channel",
    "language",
    "merged_into_id",
    "follows_id",
)
FIRST = Message.objects.filter(ticket=OuterRef("pk"), at=OuterRef("opened_at")).order_by("pk")
RECORDED_AT = Subquery(FIRST.values("created_at")[:1])
TIMES: tuple[str | Subquery, ...] = ("opened_at", "unanswered_since", "resolved_at", "closed_at", RECORDED_AT)


def tickets_of(period: Period) -> TicketQuerySet:
    """Opened in the week, as they stand when the pack is made."""
    opened = Ticket.objects.real().filter(opened_at__gte=period.start, opened_at__lt=period.end)
    return opened.order_by("pk")


def ticket_rows(tickets: TicketQuerySet, *, roster: Roster, zone: tzinfo) -> Iterator[list[Cell]]:
    """Rows as they come from the database, none kept; `zone` is that of the local columns."""
    fetched = tickets.values_list(*PATHS, *map(stamp, TIMES)).iterator(chunk_size=FETCH)
    for values in fetched:
        ticket = TicketRow._make((*values[: len(PATHS)], *moments(values[len(PATHS) :])))
        yield ticket_row(ticket, roster=roster, zone=zone)


def ticket_row(ticket: TicketRow, *, roster: Roster, zone: tzinfo) -> list[Cell]:
    owner, manager = roster[ticket.owner_id], roster[ticket.account_manager_id]
    return [
        ticket_number(ticket.pk),
        ticket.subject,
        ticket.customer_code,
        ticket.customer,
        ticket.contact,
        ticket.contact_email,
        manager.username,
        manager.name,
        owner.username,
        owner.name,
        owner.team,
        priority_code(ticket.priority),
        ticket.status,
        ticket.channel,
        ticket.language,
        iso_time(ticket.opened_at),
        local_time(ticket.opened_at, zone),
        iso_time(ticket.unanswered_since),
        local_time(ticket.unanswered_since, zone),
        iso_time(ticket.resolved_at),
        local_time(ticket.resolved_at, zone),
        iso_time(ticket.closed_at),
        local_time(ticket.closed_at, zone),
        ticket_number(ticket.merged_into_id) if ticket.merged_into_id else "",
        ticket_number(ticket.follows_id) if ticket.follows_id else "",
        iso_time(ticket.recorded_at),
        ticket.is_backdated,
    ]


def priority_code(priority: int) -> str:
    """P0 to P3, the same in every language."""
    return PRIORITY_CODES[priority]
