"""The report of a fire drill: who was told, by which channel, with what outcome, and how soon they acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median

from django.contrib.auth.models import User
from django.db.models import Min, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from customers.names import name_of
from customers.phrases import listed
from escalation.choices import AcknowledgedBy, Medium, NoticeKind
from escalation.models import Acknowledgement, Drill, Escalation, Notification
from escalation.notifications.channels.outcomes import translate_answer

TOLD = ("recipient", "rota", "customer", "mail")
MOST_LISTED = 500  # rows of each kind


@dataclass(frozen=True)
class ReportLine:
    """One event of the drill. Without a medium, nobody was notified by it."""

    at: datetime
    who: str
    what: str
    medium: str = ""
    outcome: str = ""
    answer: str = ""


@dataclass(frozen=True)
class PersonReached:
    """A person who was notified, or who acknowledged without being notified.

    ``since`` is when they were first notified, or the drill's start if they acknowledged before.
    """

    user: User
    told_at: datetime | None
    times: int
    since: datetime
    acknowledged_at: datetime | None = None
    how: str = ""

    @property
    def after(self) -> timedelta | None:
        return self.acknowledged_at - self.since if self.acknowledged_at is not None else None


@dataclass(frozen=True)
class DrillReport:
    drill: Drill
    notifications: Sequence[Notification]
    acknowledgements: Sequence[Acknowledgement]
    escalations: Sequence[Escalation]

    @property
    def first_after(self) -> timedelta | None:
        """The time from the start to the first acknowledgement."""
        first = min((acknowledgement.at for acknowledgement in self.acknowledgements), default=None)
        return first - self.drill.started_at if first is not None else None

    @cached_property
    def people(self) -> list[PersonReached]:
        """People in the order in which they were notified; those who acknowledged without a notification come last."""
        notified_at: dict[User, list[datetime]] = {}
        for notification in self.notifications:
            if notification.recipient is not None:  # a group cannot acknowledge
                notified_at.setdefault(notification.recipient, []).append(notification.created_at)
        first_acknowledged = {
            acknowledgement.user: acknowledgement for acknowledgement in reversed(self.acknowledgements)
        }
        start = self.drill.started_at
        return [
            _person(user, notified_at.get(user, []), first_acknowledged.get(user), start)
            for user in dict.fromkeys((*notified_at, *first_acknowledged))
        ]

    @property
    def silent(self) -> list[PersonReached]:
        """People who were notified and never acknowledged."""
        return [person for person in self.people if person.acknowledged_at is None]

    @cached_property
    def lines(self) -> list[ReportLine]:
        """Everything in the order in which it happened."""
        return sorted((*self._ends(), *self._moves(), *self._told(), *self._said()), key=lambda line: line.at)

    def _ends(self) -> Iterator[ReportLine]:
        drill = self.drill
        yield ReportLine(drill.started_at, name_of(drill.started_by), _("Drill started"))
        if drill.ended_at is not None:
            by = name_of(drill.ended_by) if drill.ended_by is not None else ""
            yield ReportLine(drill.ended_at, by, _("Drill over"), outcome=drill.get_ending_display())

    def _told(self) -> Iterator[ReportLine]:
        for notification in self.notifications:
            yield from _attempts(notification)

    def _moves(self) -> Iterator[ReportLine]:
        for escalation in self.escalations:
            if escalation.to_owner is not None and escalation.to_owner != escalation.from_owner:
                names = {"before": name_of(escalation.from_owner), "after": name_of(escalation.to_owner)}
                yield ReportLine(
                    escalation.fired_at,
                    name_of(escalation.to_owner),
                    _("Moved from %(before)s to %(after)s") % names,
                )

    def _said(self) -> Iterator[ReportLine]:
        for acknowledgement in self.acknowledgements:
            yield ReportLine(
                acknowledgement.at,
                name_of(acknowledgement.user),
                _("Acknowledged"),
                outcome=str(AcknowledgedBy(acknowledgement.by).label),
            )


def report_of(drill: Drill) -> DrillReport:
    """Load the report: four queries in any case. The drill needs its ticket and people loaded."""
    notifications = Notification.objects.filter(ticket=drill.ticket_id).select_related(*TOLD)
    acknowledgements = Acknowledgement.objects.filter(clock__ticket=drill.ticket_id).select_related("user")
    fired = Escalation.objects.filter(clock__ticket=drill.ticket_id).select_related("from_owner", "to_owner")
    return DrillReport(
        drill,
        list(notifications.prefetch_related("attempts").order_by("created_at", "pk")[:MOST_LISTED]),
        list(acknowledgements.order_by("at", "pk")),
        list(fired.order_by("fired_at", "pk")[:MOST_LISTED]),
    )


def _person(
    user: User, told: Sequence[datetime], said: Acknowledgement | None, start: datetime
) -> PersonReached:
    first = told[0] if told else None
    if said is None:
        return PersonReached(user, first, len(told), first or start)
    since = first if first is not None and first <= said.at else start
    return PersonReached(user, first, len(told), since, said.at, str(AcknowledgedBy(said.by).label))


def _reader(notification: Notification) -> str:
    """The person, or the group of a duty rota or customer."""
    if notification.recipient is not None:
        return name_of(notification.recipient)
    return str(notification.rota or notification.customer or "")


def _attempts(notification: Notification) -> Iterator[ReportLine]:
    """A line for each attempt; one for the notification itself if it has no attempt yet or only went by mail."""
    who, kind = _reader(notification), str(NoticeKind(notification.kind).label)
    attempts = list(notification.attempts.all())
    for attempt in attempts:
        outcome = attempt.get_outcome_display()
        yield ReportLine(
            attempt.at,
            who,
            kind,
            str(Medium(attempt.medium).label),
            outcome,
            translate_answer(attempt.answer)[:300],
        )
    if not attempts:
        mail = notification.mail
        medium = listed(str(Medium(value).label) for value in notification.channels)
        outcome = mail.get_state_display() if mail is not None else notification.get_state_display()
        yield ReportLine(
            notification.created_at, who, kind, medium, outcome, mail.answer[:300] if mail else ""
        )


COLUMNS = ("at", "seconds_since_start", "person", "what", "channel", "outcome", "answer")


def csv_rows(report: DrillReport) -> Iterator[list[datetime | int | str]]:
    """The lines of the report, then one for each person who never acknowledged."""
    start = report.drill.started_at
    for line in report.lines:
        seconds = int((line.at - start).total_seconds())
        yield [line.at, seconds, line.who, line.what, line.medium, line.outcome, line.answer]
    for person in report.silent:
        yield ["", "", name_of(person.user), _("Never acknowledged"), "", "", ""]


def with_first_acknowledged(drills: QuerySet[Drill]) -> QuerySet[Drill]:
    """Annotate each drill with ``first_at``, its first acknowledgement."""
    acknowledgements = (
        Acknowledgement.objects.filter(clock__ticket=OuterRef("ticket")).order_by().values("clock__ticket")
    )
    return drills.annotate(first_at=Subquery(acknowledgements.annotate(first=Min("at")).values("first")[:1]))


def median_after(drills: Iterable[Drill]) -> timedelta | None:
    """The median time to the first acknowledgement; the drills need ``first_at``."""
    after = [drill.first_at - drill.started_at for drill in drills if drill.first_at is not None]  # type: ignore[attr-defined]
    return median(after) if after else None
