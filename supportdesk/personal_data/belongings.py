"""Which rows belong to a ticket, message, contact or customer: whatever refers to it, as the models themselves say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from auditlog.models import LogEntry as AuditEntry
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from customers.models import Contact, Customer
from escalation.models import Clock
from supportdesk.personal_data.columns import INDEXES, UNTOUCHED
from tickets.models import InboundEmail, Message, Ticket

Keys = dict[type[Model], set[Any]]
AT_ONCE = 500

# References that make no row belong to another: a ticket that follows a person's is somebody else's matter.
OTHERS_MATTERS = frozenset(
    {
        "tickets.Ticket.follows",
        "escalation.Clock.started_by",
        "escalation.Clock.answered_by",
        "escalation.Clock.contract",
        "escalation.Clock.contract_window",
    }
)
# What these name belongs to them: the mail that carried a notification.
OWN_MAILS = ("escalation.Notification.mail", "escalation.NotificationAttempt.mail")
# Rows that name any other by its kind and key.
LOGS: tuple[tuple[type[Model], str], ...] = ((LogEntry, "object_id"), (AuditEntry, "object_pk"))
# Each ticket is erased in a transaction of its own.
APART: frozenset[type[Model]] = frozenset({Ticket, Message, Clock})


def models_of_the_desk() -> list[type[Model]]:
    """Those with tables of their own, also of libraries."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def belongings_of(
    seeds: Mapping[type[Model], Collection[Any]], *, without: Collection[type[Model]] = ()
) -> Keys:
    """The keys of the seeds and of all rows that belong to them, by model. ``without`` are models to stop at."""
    found: Keys = defaultdict(set)
    left: list[tuple[type[Model], Collection[Any]]] = list(seeds.items())
    while left:
        model, keys = left.pop()
        new = set(keys) - found[model]
        found[model] |= new
        if new:
            left += ((other, keys) for other, keys in _next(model, new) if other not in without)
    _add_copies(found)
    return {model: keys for model, keys in found.items() if keys}


def _next(model: type[Model], keys: set[Any]) -> Iterator[tuple[type[Model], set[Any]]]:
    for other, name in _referring(model):
        yield other, _keys(other, f"{name}__in", keys)
    for label in OWN_MAILS:
        field = _field(label)
        if field.model is model:
            mails = _keys(model, "pk__in", keys, field.attname)
            yield field.related_model, mails - {None}
    for log, column in LOGS:
        of_model = log._base_manager.filter(content_type=ContentType.objects.get_for_model(model))
        yield (
            log,
            {
                key
                for some in chunks(map(str, keys))
                for key in of_model.filter(**{f"{column}__in": some}).values_list("pk", flat=True)
            },
        )


def _add_copies(found: Keys) -> None:
    """A mail that came to several mailboxes is there several times; its copies became no message."""
    prints = _keys(InboundEmail, "pk__in", found.get(InboundEmail, ()), "fingerprint")
    copies = _keys(InboundEmail, "fingerprint__in", prints, message=None)
    if copies:
        found[InboundEmail] |= copies
        for other, name in _referring(InboundEmail):
            found[other] |= _keys(other, f"{name}__in", copies)


@cache
def _referring(model: type[Model]) -> tuple[tuple[type[Model], str], ...]:
    """The models that refer to this one, and by which of their columns."""
    relations = model._meta.get_fields(include_hidden=True)
    fields = (
        each.field  # type: ignore[union-attr]
        for each in relations
        if each.auto_created and not each.concrete and (each.one_to_many or each.one_to_one)
    )
    return tuple(
        (field.model, field.name)
        for field in fields
        if not field.model._meta.proxy
        and field.model not in UNTOUCHED | INDEXES
        and f"{field.model._meta.label}.{field.name}" not in OTHERS_MATTERS
    )


@cache
def _field(label: str) -> Any:
    model, _dot, name = label.rpartition(".")
    return apps.get_model(model)._meta.get_field(name)


def _keys(
    model: type[Model], condition: str, values: Collection[Any], column: str = "pk", **more: Any
) -> set[Any]:
    found: set[Any] = set()
    for some in chunks(values):
        found.update(
            model._base_manager.filter(**{condition: some}, **more).order_by().values_list(column, flat=True)
        )
    return found


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(values)
    while some := list(islice(rest, AT_ONCE)):
        yield some


@cache
def belonging_models() -> frozenset[type[Model]]:
    """The models whose rows may belong to a customer or contact: there a name means the person, elsewhere hardly."""
    found: set[type[Model]] = set()
    left: list[type[Model]] = [Customer, Contact, Ticket]
    while left:
        model = left.pop()
        if model not in found:
            found.add(model)
            left += (other for other, _name in _referring(model))
    return frozenset(found)
