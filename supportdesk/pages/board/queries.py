"""What the board shows: which promise falls due next, and what else needs attention. Values and queries only.

Reasons: .github/decisions/pages.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Case, Count, Exists, F, OuterRef, Q, When
from django.db.models.functions import Coalesce

from customers.models import Desk
from escalation.choices import ClockState
from escalation.clocks.acknowledgements import clocks_to_acknowledge, holding_acknowledgements
from escalation.enforcement.next_step import NextStep, ReadPeople, next_steps
from escalation.lib.weeks import last_complete_week, week_of
from escalation.models import Acknowledgement, Clock
from escalation.models.clock import ClockQuerySet
from escalation.people.on_duty import Watch, on_duty_by_rota
from escalation.people.page_target import PageTarget, page_target_of
from escalation.people.staff_snapshot import People
from supportdesk.navigation import held_mail
from supportdesk.pages.ticket_filter import PromiseChoice, filter_clocks
from tickets.choices import IntakeState, OutboxState, ProposalReach
from tickets.lib.count_together import count_together
from tickets.models import InboundEmail, OutboundEmail, Proposal, Ticket
from tickets.models.message import opened_late
from tickets.models.ticket import TicketQuerySet

SHOWN_STRANDED = 8
MOST_PROPOSALS = 20
PAGE = 50
CAP = 1000  # nobody pages further, and a full count would cost more than the page itself
RECENT = timedelta(days=7)
PEOPLE = ("customer", "contact", "owner")
SHOWN_WITH_CLOCK = ("calendar", "policy_version__policy__duty_rota", *(f"ticket__{name}" for name in PEOPLE))


@dataclass(frozen=True)
class BoardRow:
    """One line of the board. Without a clock, the customer has to reply or the ticket is done.

    ``in_hand`` is the acknowledgement of the person who has the ticket now. ``asks_me`` is true if the reader should
    acknowledge. ``opened_late`` is true if the message that opened the ticket was written down later.
    """

    ticket: Ticket
    clock: Clock | None = None
    next_step: NextStep | None = None
    in_hand: Acknowledgement | None = None
    asks_me: bool = False
    opened_late: bool = False


@dataclass(frozen=True)
class BoardPage:
    """One page of the board: open promises by due time, then tickets without one, most recently active first.

    ``promised`` is the number of open promises, counted only up to CAP + 1.
    """

    rows: Sequence[BoardRow]
    promised: int
    page: int
    has_next: bool

    @property
    def is_capped(self) -> bool:
        return self.promised > CAP

    @property
    def may_have_proposals(self) -> bool:
        """False if the rows, which were loaded with it, say that no proposed priority waits for a decision."""
        first = next(iter(self.rows), None)
        return first is None or bool(getattr(first.clock or first.ticket, "any_proposal", True))


def board_rows(
    tickets: TicketQuerySet,
    *,
    now: datetime,
    reader: User | None = None,
    page: int = 1,
    promise: str = "",
    active_only: bool = True,
    promised: int | None = None,
    read_people: ReadPeople | None = None,
) -> BoardPage:
    """A page of `tickets`, which must already be filtered and limited to what the `reader` may see.

    `promise` is the PromiseChoice of the filter, if any: it skips the query for the half of the list that must then
    be empty. `active_only` leaves out resolved and closed tickets without an open promise. `promised` is the number of
    `listed_clocks` if the caller has counted them, and `read_people` gives the staff.
    """
    clocks = listed_clocks(tickets, promise=promise, now=now)
    others = unpromised(tickets, active_only=active_only) if promise in ("", PromiseChoice.NONE) else None
    promised = clocks[: CAP + 1].count() if promised is None else promised
    start = (max(1, page) - 1) * PAGE
    shown = _loaded_clocks(clocks[start : start + PAGE + 1]) if start < promised else []
    rows = _promised_rows(shown, now, reader, read_people)
    if len(rows) <= PAGE and others is not None:
        offset = max(0, start - promised)
        rows += _unpromised_rows(_loaded_tickets(others[offset : offset + PAGE + 1 - len(rows)]))
    return BoardPage(rows[:PAGE], promised, max(1, page), has_next=len(rows) > PAGE)


def listed_clocks(tickets: TicketQuerySet, *, promise: str, now: datetime) -> ClockQuerySet:
    """The promises that the board lists for a filter, by due time."""
    clocks = promised_clocks(tickets)
    return clocks.none() if promise == PromiseChoice.NONE else filter_clocks(clocks, promise, now)


def _loaded_clocks(clocks: ClockQuerySet) -> list[Clock]:
    """These clocks with all that a row shows.

    A query of its own: with so many tables joined, the planner reads every ticket before it asks which are visible.
    """
    keys = list(clocks.values_list("pk", flat=True))
    rows = Clock.objects.filter(pk__in=keys).select_related(*SHOWN_WITH_CLOCK).order_by("due_at", "pk")
    late = opened_late("ticket", "ticket__opened_at")
    return list(rows.annotate(opened_late=late, any_proposal=Exists(Proposal.objects.open()))) if keys else []


def _loaded_tickets(tickets: TicketQuerySet) -> list[Ticket]:
    """The same for tickets without a promise."""
    keys = list(tickets.values_list("pk", flat=True))
    rows = Ticket.objects.filter(pk__in=keys).select_related(*PEOPLE).order_by("-updated_at", "-pk")
    marks = {"opened_late": opened_late(), "any_proposal": Exists(Proposal.objects.open())}
    return list(rows.annotate(**marks)) if keys else []


def _unpromised_rows(tickets: Iterable[Any]) -> list[BoardRow]:
    return [BoardRow(ticket, opened_late=bool(ticket.opened_late)) for ticket in tickets]


def _promised_rows(
    clocks: Sequence[Any], now: datetime, reader: User | None, read_people: ReadPeople | None
) -> list[BoardRow]:
    steps = next_steps(clocks[:PAGE], now=now, read_people=read_people)
    taken = holding_acknowledgements(clocks, now=now)
    asked = clocks_to_acknowledge(reader, clocks, now=now) if reader is not None and clocks else set()
    return [
        BoardRow(it.ticket, it, steps.get(it.pk), taken.get(it.pk), it.pk in asked, bool(it.opened_late))
        for it in clocks
    ]


def open_clocks(tickets: TicketQuerySet) -> ClockQuerySet:
    """Open clocks of these tickets; the condition is dropped where it would match every ticket."""
    clocks = Clock.objects.ticking()
    return (
        clocks.filter(ticket__in=tickets.active().order_by().values("pk")) if tickets.query.where else clocks
    )


def promised_clocks(tickets: TicketQuerySet) -> ClockQuerySet:
    """For each ticket, the open promise that falls due first. Breached promises sort first by their due time."""
    others = Clock.objects.ticking().filter(ticket=OuterRef("ticket"))
    earlier = others.filter(
        Q(due_at__lt=OuterRef("due_at")) | Q(due_at=OuterRef("due_at"), pk__lt=OuterRef("pk"))
    )
    return open_clocks(tickets).filter(~Exists(earlier)).order_by("due_at", "pk")


def unpromised(tickets: TicketQuerySet, *, active_only: bool) -> TicketQuerySet:
    # Few are unfinished and visible: by the index of the order the planner walks through all others.
    newest = Coalesce("updated_at", "opened_at") if active_only and tickets.query.where else F("updated_at")
    tickets = tickets.active() if active_only else tickets
    without = tickets.filter(~Exists(Clock.objects.ticking().filter(ticket=OuterRef("pk"))))
    return without.order_by(newest.desc(), "-pk")


def open_proposals(tickets: TicketQuerySet) -> list[Proposal]:
    """Proposed priorities that wait for a decision, unknown writers' first, then the oldest. One query."""
    waiting = Proposal.objects.open().filter(ticket__in=tickets.active())
    shown_first = Case(When(reach=ProposalReach.SHOWN, then=0), default=1)
    related = waiting.select_related("ticket__customer", "ticket__contact")
    return list(related.order_by(shown_first, "since", "pk")[:MOST_PROPOSALS])


@dataclass(frozen=True)
class BoardCounters:
    """The counters above the list, each capped at CAP + 1.

    ``listed`` is the number of promises in the list; ``stranded`` and ``held``, of mail, are those of the whole desk.
    """

    breached: int
    soon: int
    running: int
    unassigned: int
    listed: int
    stranded: int
    held: int


def board_counters(
    tickets: TicketQuerySet, *, now: datetime, listed: ClockQuerySet | None = None
) -> BoardCounters:
    """Count everything the reader may see, except fire drills, which are listed but not counted. One query."""
    clocks = open_clocks(tickets).real()
    intake = tickets.active().real().filter(owner__in=Desk.objects.values("intake_owner"))
    counted = {
        "breached": filter_clocks(clocks, PromiseChoice.BREACHED, now),
        "soon": filter_clocks(clocks, PromiseChoice.SOON, now),
        "running": filter_clocks(clocks, PromiseChoice.RUNNING, now),
        "unassigned": intake,
        "listed": Clock.objects.none() if listed is None else listed,
        "stranded": _stranded(),
        "held": held_mail(),
    }
    return BoardCounters(**count_together(counted, most=CAP + 1))


@dataclass(frozen=True)
class StrandedTickets:
    """Promises with nobody left to escalate to: their number, since when, and those tickets the reader may see."""

    number: int
    since: datetime
    tickets: list[Ticket]


def stranded_tickets(tickets: TicketQuerySet) -> StrandedTickets | None:
    """The promises that turn the board red for every reader, or None. One query if there are none, else two."""
    clocks = list(_stranded().order_by("stranded_at").only("stranded_at", "ticket")[: CAP + 1])
    since = clocks[0].stranded_at if clocks else None
    if since is None:
        return None
    seen = tickets.filter(pk__in=[clock.ticket_id for clock in clocks]).order_by("priority", "pk")
    return StrandedTickets(len(clocks), since, list(seen.only("pk", "subject", "priority")[:SHOWN_STRANDED]))


def _stranded() -> ClockQuerySet:
    return Clock.objects.ticking().real().filter(stranded_at__isnull=False)


@dataclass(frozen=True)
class MailTrouble:
    """Mail that a person must look at: parked and failed mail, and last week's mail that could not be sent."""

    parked: int
    failed: int
    unsent: int


def mail_trouble(*, now: datetime) -> MailTrouble:
    """Counts for readers who see everything: mail that became no ticket has no owner to restrict it by. One query."""
    refused = OutboundEmail.objects.filter(state__in=(OutboxState.FAILED, OutboxState.BOUNCED))
    counted = {
        "parked": InboundEmail.objects.for_a_person().filter(state=IntakeState.PARKED),
        "failed": InboundEmail.objects.for_a_person().filter(state=IntakeState.FAILED),
        "unsent": refused.filter(created_at__gt=now - RECENT),
    }
    return MailTrouble(**count_together(counted, most=CAP + 1))


@dataclass(frozen=True)
class RotaDuty:
    """The person on duty in one rota now, and the next one. Either is None if the rota has a gap there.

    ``answer`` is the person who would be paged: somebody else if the person on duty is away.
    """

    rota: str
    now: Watch | None
    next: Watch | None
    answer: PageTarget


def duties(*, now: datetime) -> list[RotaDuty]:
    """One entry per rota that has shifts in the next days. One query, and four more if there are any rotas."""
    watches = [(duty.now or duty.next, duty) for duty in on_duty_by_rota(at=now).values()]
    people = People.at(now) if watches else None
    return [
        RotaDuty(
            watch.shift.rota.name,
            duty.now,
            duty.next,
            page_target_of(duty.now.user if duty.now else None, people),
        )
        for watch, duty in watches
        if watch is not None and people is not None
    ]


@dataclass(frozen=True)
class KeptShare:
    """Kept and broken promises of one week, among those that have ended; ``waived`` of the broken ones are excused."""

    met: int
    breached: int
    waived: int = 0

    @property
    def percent(self) -> float | None:
        """The percentage of promises kept; None if nothing fell due."""
        ended = self.met + self.breached
        return round(100 * self.met / ended, 1) if ended else None

    @property
    def adjusted_percent(self) -> float | None:
        """The percentage without the waived ones."""
        return KeptShare(self.met, self.breached - self.waived).percent


def compliance(tickets: TicketQuerySet, *, now: datetime) -> tuple[KeptShare, KeptShare]:
    """This week's and last week's figures, by due time, for weeks in the desk's time zone."""
    zone = ZoneInfo(settings.DESK_TIME_ZONE)
    this, last = week_of(now, zone).bounds(zone), last_complete_week(now, zone).bounds(zone)
    ended = (ClockState.MET, ClockState.BREACHED)
    clocks = Clock.objects.real().filter(due_at__gte=last[0], due_at__lt=this[1], state__in=ended)
    if tickets.query.where:
        clocks = clocks.filter(ticket__in=tickets.order_by().values("pk"))
    kinds = {
        "met": Q(state=ClockState.MET),
        "breached": Q(state=ClockState.BREACHED),
        "waived": Q(state=ClockState.BREACHED, waived_at__isnull=False),
    }
    counts = clocks.aggregate(
        **{
            f"{kind}_{name}": Count("pk", filter=Q(is_kind, due_at__gte=week[0], due_at__lt=week[1]))
            for name, week in (("this", this), ("last", last))
            for kind, is_kind in kinds.items()
        }
    )
    this_week, last_week = (
        KeptShare(*(counts[f"{kind}_{name}"] for kind in kinds)) for name in ("this", "last")
    )
    return this_week, last_week
