"""Explains one promise: loads its rows in a few queries and builds the facts from them."""

from datetime import datetime

from django.db.models import Prefetch, QuerySet

from escalation.clocks.served_channels import served_ways
from escalation.explaining.fact_building import LoadedPromise, collect_facts
from escalation.explaining.facts import Explanation
from escalation.models import Clock, ClockEvent, Escalation, Notification
from escalation.working_time.due_time import WorkingHours
from escalation.working_time.lookup import hours_of_version

LONG_TEXTS = ("body", "quoted", "html")
TERMS = (
    "ticket__customer",
    "calendar",
    "contract__plan",
    "policy_version__policy",
    "contract_window",
    "waived_by",
)


def explain(clocks: QuerySet[Clock], pk: int, *, now: datetime) -> Explanation | None:
    """Explain the promise with this key as of `now` (UTC), if it is among `clocks`. At most eight queries."""
    clock = (
        clocks.select_related(*TERMS, *_evidence("started_by"))
        .defer(*_unread("started_by"))
        .filter(pk=pk)
        .first()
    )
    if clock is None:
        return None
    rows = LoadedPromise(
        clock, hours_for(clock), list(_events(clock)), list(_steps(clock)), served_ways(clock)
    )
    return collect_facts(rows, now=now)


def hours_for(clock: Clock) -> WorkingHours:
    """The working hours in the version that the promise was made with."""
    return hours_of_version(clock.calendar, clock.calendar_version)


def _events(clock: Clock) -> QuerySet[ClockEvent]:
    events = ClockEvent.objects.filter(clock=clock).select_related("actor", "holder", *_evidence("message"))
    return events.defer(*_unread("message")).order_by("pk")


def _steps(clock: Clock) -> QuerySet[Escalation]:
    notifications = Notification.objects.select_related("recipient", "rota", "customer").order_by("pk")
    fired = Escalation.objects.filter(clock=clock).select_related("step", "from_owner", "to_owner")
    return fired.prefetch_related(Prefetch("notifications", notifications)).order_by("fired_at", "pk")


def _evidence(message: str) -> tuple[str, ...]:
    paths = ("author", "contact", "voided_by", "erased_by", "outbound", "inbound__mailbox")
    return tuple(f"{message}__{path}" for path in paths)


def _unread(message: str) -> tuple[str, ...]:
    """Long texts and raw mails, which an explanation does not show."""
    mails = ("outbound__text", "outbound__html", "inbound__raw")
    return tuple(f"{message}__{field}" for field in (*LONG_TEXTS, *mails))
