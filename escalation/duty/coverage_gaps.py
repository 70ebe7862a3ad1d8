"""Finds times when a rota reaches nobody: no shift, or a person who left or is away without a deputy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from itertools import groupby

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Subquery, When
from django.utils.translation import gettext_lazy as _

from customers.access import who_work_here
from customers.models import Absence, Contract
from escalation.lib.intervals import Span, clipped, difference, intersection, union
from escalation.models import DutyRota, EscalationStep, Policy, PolicyTarget, PolicyVersion
from escalation.people.on_duty import Watch, cut_to, shifts_within, watches_by_rota
from tickets.choices import Priority

DAYS = 14


class GapWhy(models.TextChoices):
    """The reason why nobody is reached."""

    NOBODY = "nobody", _("nobody is on duty")
    AWAY = "away", _("away without an available deputy")
    INACTIVE = "inactive", _("left the desk")


@dataclass(frozen=True)
class Gap:
    """A time when nobody is reached, half open, in UTC; ``user`` is the person on duty who cannot be reached."""

    rota: DutyRota
    starts_at: datetime
    ends_at: datetime
    why: GapWhy
    user: User | None = None


def coverage_gaps(*, rota: DutyRota, at: datetime, days: int = DAYS) -> list[Gap]:
    """The rota's gaps in the days after ``at`` (UTC), in order. Three queries."""
    return gaps_within([rota], (at, at + timedelta(days=days)))


def gaps_that_matter(*, at: datetime, days: int = DAYS) -> list[Gap]:
    """The gaps of all rotas on which a promise around the clock depends. Four queries; one if there is no such rota."""
    return gaps_within(list(rotas_that_matter()), (at, at + timedelta(days=days)))


def rotas_that_matter() -> models.QuerySet[DutyRota]:
    """Rotas of policies that promise P0 around the clock, and those that a step in force names."""
    promised = _round_the_clock().exclude(version__policy__duty_rota=None)
    steps = EscalationStep.objects.current().exclude(rota=None).order_by()
    return DutyRota.objects.filter(
        Q(pk__in=promised.values("version__policy__duty_rota")) | Q(pk__in=steps.values("rota"))
    ).order_by("name")


def policies_without_rota(*, on: date) -> models.QuerySet[Policy]:
    """Policies that promise P0 around the clock to a customer with a contract, and have nobody on duty for it."""
    contracts = Contract.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=on), starts_on__lte=on, customer__is_active=True
    )
    own = Q(plan__in=contracts.values("plan"))
    usual = Q(is_default=True) & Exists(contracts.filter(plan__policy=None))
    return Policy.objects.filter(
        own | usual, duty_rota=None, pk__in=_round_the_clock().values("version__policy")
    )


def _round_the_clock() -> models.QuerySet[PolicyTarget]:
    newest = PolicyVersion.objects.filter(policy=OuterRef("version__policy")).order_by("-number")
    return PolicyTarget.objects.filter(
        version=Subquery(newest.values("pk")[:1]), priority=Priority.P0, calendar__always_open=True
    ).order_by()


def gaps_within(rotas: Sequence[DutyRota], span: Span) -> list[Gap]:
    """The gaps of these rotas, rota by rota. Three queries for any number."""
    if not rotas or span[1] <= span[0]:
        return []
    rows = shifts_within(*span).filter(rota__in=rotas)
    watches = watches_by_rota(rows)
    reach = Reachability.within(span)
    return [gap for rota in rotas for gap in _gaps(rota, watches.get(rota.pk, []), reach, span)]


def _gaps(rota: DutyRota, watches: Iterable[Watch], reach: Reachability, span: Span) -> Iterator[Gap]:
    held = list(cut_to(watches, span))
    gaps = [Gap(rota, *free, GapWhy.NOBODY) for free in difference([span], (watch.span for watch in held))]
    for watch in held:
        why = GapWhy.AWAY if watch.user_id in reach.staff else GapWhy.INACTIVE
        gaps += [Gap(rota, *lost, why, watch.user) for lost in reach.unreached(watch)]
    gaps.sort(key=lambda gap: gap.starts_at)
    for (why, user), alike in groupby(gaps, key=lambda gap: (gap.why, gap.user)):
        for lost in union((gap.starts_at, gap.ends_at) for gap in alike):
            yield Gap(rota, *lost, why, user)


@dataclass(frozen=True)
class Reachability:
    """Absences and deputies over a time. Who deputises and who still works here is as of today."""

    away: Mapping[int, list[Span]]
    deputies: Mapping[int, int]
    staff: frozenset[int]

    @classmethod
    def within(cls, span: Span) -> Reachability:
        """Load them. Two queries."""
        absences = Absence.objects.filter(ends_at__gt=span[0], starts_at__lt=span[1])
        away: dict[int, list[Span]] = {}
        for user, starts_at, ends_at in absences.values_list("user", "starts_at", "ends_at"):
            away.setdefault(user, []).append((starts_at, ends_at))
        works = Case(When(who_work_here(), then=True), default=False)
        people = list(User.objects.order_by().values_list("pk", "staff_profile__deputy", works))
        deputies = {user: deputy for user, deputy, _works in people if deputy is not None}
        staff = frozenset(user for user, _deputy, is_on_staff in people if is_on_staff)
        return cls({user: union(spans) for user, spans in away.items()}, deputies, staff)

    def unreached(self, watch: Watch) -> list[Span]:
        """The parts of a watch in which neither the person nor any deputy down the line is present."""
        people = (watch.user_id, *self._chain(watch.user_id))
        return reduce(intersection, (self._lost(person, watch.span) for person in people))

    def _lost(self, person: int, span: Span) -> list[Span]:
        return self._away(person, span) if person in self.staff else [span]

    def _away(self, person: int, span: Span) -> list[Span]:
        return list(clipped(self.away.get(person, ()), span))

    def _chain(self, user: int) -> Iterator[int]:
        """The deputies one after another; stops at a circle."""
        seen = {user}
        following = self.deputies.get(user)
        while following is not None and following not in seen:
            seen.add(following)
            yield following
            following = self.deputies.get(following)
