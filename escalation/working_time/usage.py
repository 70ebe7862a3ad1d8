"""Finds what uses a calendar and therefore keeps it from being deleted."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from customers.phrases import grouped, listed
from escalation.models import Calendar, Clock, ContractWindow, Policy, PolicyTarget

NAMED = 5
COUNTED = 1000


def with_usage(calendars: QuerySet[Calendar]) -> QuerySet[Calendar]:
    """The calendars, each annotated with ``is_used``."""
    used = (model.objects.filter(calendar=OuterRef("pk")) for model in (PolicyTarget, ContractWindow, Clock))
    windows, own, clocks = (Exists(rows) for rows in used)
    return calendars.annotate(is_used=windows | own | clocks)


def uses_of(calendar: Calendar) -> list[str]:
    """A phrase for each kind of use, including past versions and windows. Three queries."""
    return list(_uses(calendar))


def _uses(calendar: Calendar) -> Iterator[str]:
    policies = Policy.objects.filter(versions__targets__calendar=calendar).distinct()
    if names := _named(policies.order_by("name").values_list("name", flat=True)):
        yield _("policies: %(names)s") % {"names": names}
    windows = ContractWindow.objects.filter(calendar=calendar).order_by("contract__customer__name")
    if names := _named(windows.values_list("contract__customer__name", flat=True).distinct()):
        yield _("contracts: %(names)s") % {"names": names}
    promises = Clock.objects.filter(calendar=calendar).order_by()[: COUNTED + 1].count()
    if promises:
        count = _("more than %(count)s") % {"count": COUNTED} if promises > COUNTED else promises
        yield _("SLAs: %(count)s") % {"count": count}


def _named(names: "QuerySet[Policy, str] | QuerySet[ContractWindow, str]") -> str:
    first = list(names[: NAMED + 1])
    return listed([*first[:NAMED], "…"] if len(first) > NAMED else first)


def refusal_to_delete(calendar: Calendar) -> str:
    """A sentence on why it cannot be deleted."""
    return _("%(calendar)s cannot be deleted: SLAs are counted by it. %(uses)s.") % {
        "calendar": calendar,
        "uses": grouped(uses_of(calendar)),
    }
