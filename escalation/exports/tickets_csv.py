"""tickets.csv: one row per ticket; every downloaded list begins with the same columns (ticket_list_csv).

It names contacts by number: packs leave the desk, and a person may ask to be forgotten.
"""

from collections.abc import Container, Iterator
from datetime import datetime, tzinfo
from typing import NamedTuple

from django.db.models import OuterRef, Subquery

from escalation.exports.bulk_reading import ROWS_AT_A_TIME, People, parse_time, texts_of
from escalation.exports.written_times import time_columns
from escalation.lib.csv_sheets import NO, YES, Cell
from escalation.lib.weeks import Period
from tickets.choices import Channel, Priority
from tickets.models import Message, Ticket
from tickets.models.message import BACKDATED_AFTER
from tickets.models.ticket import TicketQuerySet, ticket_number

PRIORITY_CODES = {priority.value: priority.name for priority in Priority}

COLUMNS = (
    "ticket",
    "subject",
    "customer_code",
    "customer",
    "contact",
    "account_manager",
    "account_manager_name",
    "account_manager_team",
    "owner",
    "owner_name",
    "owner_team",
    "scenario",
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
    "opened_recorded_local",
    "opened_backdated",
    "local_zone",
)


class TicketRow(NamedTuple):
    """The database's values for one row, in the order of PATHS and TIMES; its times are text (`written_times`)."""

    pk: int
    subject: str
    customer_code: str | None
    customer: str | None
    contact_id: int | None
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
    own_scenario: str
    customer_scenario: str | None
    opened_at: str
    unanswered_since: str | None
    resolved_at: str | None
    closed_at: str | None
    recorded_at: str | None  # when the first message was recorded

    @property
    def scenario(self) -> str:
        """The ticket's own scenario, which an email rule or a colleague has set, or else the customer's."""
        return self.own_scenario or self.customer_scenario or ""

    @property
    def is_backdated(self) -> bool:
        """True if a colleague recorded the first message later; a mail counts from receipt, even if fetched late."""
        if self.recorded_at is None or self.channel == Channel.EMAIL:
            return False
        return parse_time(self.recorded_at) - parse_time(self.opened_at) > BACKDATED_AFTER


PATHS = (
    "pk",
    "subject",
    "customer__code",
    "customer__name",
    "contact_id",
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
    "scenario",
    "customer__scenario",
)
FIRST = Message.objects.filter(ticket=OuterRef("pk"), at=OuterRef("opened_at")).order_by("pk")
RECORDED_AT = Subquery(FIRST.values("created_at")[:1])
TIMES: tuple[str | Subquery, ...] = ("opened_at", "unanswered_since", "resolved_at", "closed_at", RECORDED_AT)


def tickets_of(period: Period) -> TicketQuerySet:
    """The tickets opened in the week, in their state when the pack is made."""
    opened = Ticket.objects.real().filter(opened_at__gte=period.start, opened_at__lt=period.end)
    return opened.order_by("pk")


def ticket_rows(
    tickets: TicketQuerySet,
    *,
    people: People,
    zone: tzinfo,
    recorded_before: datetime | None = None,
    among: Container[int] | None = None,
) -> Iterator[list[Cell]]:
    """Stream the rows from the database; `zone` is that of the local columns, ``among`` the keys that are meant."""
    rows = texts_of(tickets, paths=PATHS, times=TIMES).iterator(ROWS_AT_A_TIME)
    for ticket in map(TicketRow._make, rows):
        if recorded_before and ticket.recorded_at and parse_time(ticket.recorded_at) >= recorded_before:
            continue
        if among is None or ticket.pk in among:
            yield ticket_row(ticket, people=people, zone=zone)


def ticket_row(ticket: TicketRow, *, people: People, zone: tzinfo) -> list[Cell]:
    owner, manager = people[ticket.owner_id], people[ticket.account_manager_id]
    return [
        ticket_number(ticket.pk),
        ticket.subject,
        ticket.customer_code,
        ticket.customer,
        ticket.contact_id,
        manager.username,
        manager.name,
        manager.team,
        owner.username,
        owner.name,
        owner.team,
        ticket.scenario,
        priority_code(ticket.priority),
        ticket.status,
        ticket.channel,
        ticket.language,
        *time_columns(ticket.opened_at, zone),
        *time_columns(ticket.unanswered_since, zone),
        *time_columns(ticket.resolved_at, zone),
        *time_columns(ticket.closed_at, zone),
        ticket_number(ticket.merged_into_id) if ticket.merged_into_id else "",
        ticket_number(ticket.follows_id) if ticket.follows_id else "",
        *time_columns(ticket.recorded_at, zone),
        YES if ticket.is_backdated else NO,  # a row of nothing but text is written faster
        str(zone),
    ]


def priority_code(priority: int) -> str:
    """P0 to P3, the same in every language."""
    return PRIORITY_CODES[priority]
