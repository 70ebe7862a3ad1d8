"""Every encrypted value of the desk: how many there are, which cannot be read, and encrypting them with another key."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import models, transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from customers.encrypted_field import EncryptedTextField, is_unreadable
from customers.encryption_keys import Keyring, UnreadableCiphertext, key_id_of, keyring

BATCH = 100
# What django-allauth keeps encrypted in Authenticator.data: the key of an app, and what recovery codes are made from.
FACTOR_SECRETS = ("secret", "seed")


@dataclass(frozen=True)
class UnreadableValue:
    """``row`` and ``field`` are names for people; ``key_id`` is the key that would open it, if it names one."""

    row: str
    field: str
    key_id: str


@dataclass
class RotationReport:
    """What became of the values of one column."""

    column: str
    encrypted: int = 0
    unreadable: list[UnreadableValue] = field(default_factory=list)


def encrypted_columns() -> Iterator[EncryptedTextField]:
    for model in apps.get_models():
        yield from (each for each in model._meta.concrete_fields if isinstance(each, EncryptedTextField))


def unreadable_values() -> list[UnreadableValue]:
    """Those that no key of this desk opens. One query; another for each kind of row that has some."""
    ring = keyring()
    closed: dict[str, dict[int, str]] = {}
    for place, pk, stored in _without_known_key(ring):
        if not _opens(ring, stored):
            closed.setdefault(place, {})[pk] = stored
    return [
        _named(row, column, closed[str(column)][row.pk])
        for column in encrypted_columns()
        if str(column) in closed
        for row in column.model._base_manager.filter(pk__in=closed[str(column)]).order_by("pk")
    ] + [
        _named_factor(factor, closed[_place_of(name)][factor.pk])
        for name in FACTOR_SECRETS
        if _place_of(name) in closed
        for factor in Authenticator.objects.filter(pk__in=closed[_place_of(name)]).order_by("pk")
    ]


def _without_known_key(ring: Keyring) -> Any:
    """Column, row and ciphertext of what names no key of ours: another's, or from before keys had ids."""
    parts = [_stored_values(column, ring.keys) for column in encrypted_columns()]
    parts += [_stored_factors(name).exclude(_begins_with(ring.keys)) for name in FACTOR_SECRETS]
    return parts[0].union(*parts[1:], all=True)


def _stored_factors(name: str) -> QuerySet[Any, Any]:
    rows = Authenticator.objects.filter(**{f"data__{name}__isnull": False}).order_by()
    named = rows.annotate(place=Value(_place_of(name)), stored=KT(f"data__{name}"))
    values: QuerySet[Any, Any] = named.values_list("place", "pk", "stored")
    return values


def _place_of(name: str) -> str:
    return f"mfa.Authenticator.{name}"


def _begins_with(keys: Any) -> Q:
    known = Q()
    for key in keys:
        known |= Q(stored__startswith=key.prefix)
    return known


def _stored_values(column: EncryptedTextField, keys: Any) -> QuerySet[Any, Any]:
    known = Q()
    for key in keys:
        known |= Q(**{f"{column.name}__startswith": key.prefix})
    rows = _filled(column).exclude(known).order_by()
    named = rows.annotate(place=Value(str(column)), stored=Cast(column.name, models.TextField()))
    values: QuerySet[Any, Any] = named.values_list("place", "pk", "stored")
    return values


def _filled(column: EncryptedTextField) -> QuerySet[Any, Any]:
    return column.model._base_manager.filter(**{f"{column.name}__isnull": False})


@lru_cache(maxsize=10_000)
def _opens(ring: Keyring, stored: str) -> bool:
    try:
        ring.decrypt(stored)
    except UnreadableCiphertext:
        return False
    return True


def _named(row: models.Model, column: EncryptedTextField, stored: str) -> UnreadableValue:
    kind = capfirst(str(row._meta.verbose_name))
    return UnreadableValue(f"{kind} {row}", str(column.verbose_name), key_id_of(stored))


def _named_factor(factor: Authenticator, stored: str) -> UnreadableValue:
    return UnreadableValue(str(factor.user), _("second factor"), key_id_of(stored))


def encrypt_factors_with_current_key() -> RotationReport:
    """The same for second factors of sign-in, each under the lock of its row."""
    report = RotationReport(_("Second factors"))
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            factor = Authenticator.objects.select_for_update(of=("self",)).filter(pk=pk).first()
            if factor is not None:
                _encrypt_factor(factor, report)
    return report


def _encrypt_factor(factor: Authenticator, report: RotationReport) -> None:
    ring = keyring()
    for name in FACTOR_SECRETS:
        stored = factor.data.get(name)
        if stored is None or stored.startswith(ring.current.prefix):
            continue
        try:
            factor.data[name] = ring.encrypt(ring.decrypt(stored))
        except UnreadableCiphertext:
            report.unreadable.append(_named_factor(factor, stored))
            continue
        factor.save(update_fields=["data"])
        report.encrypted += 1


def encrypt_with_current_key(column: EncryptedTextField) -> RotationReport:
    """Encrypt anew what another key encrypted, in batches under row locks. Begun again, it goes on where it ended."""
    report = RotationReport(f"{capfirst(str(column.model._meta.verbose_name))}: {column.verbose_name}")
    last = 0
    while rows := _encrypt_batch(column, last, report):
        last = rows[-1].pk
    return report


def _encrypt_batch(column: EncryptedTextField, after: int, report: RotationReport) -> list[Any]:
    others = _filled(column).exclude(**{f"{column.name}__startswith": keyring().current.prefix})
    with transaction.atomic():
        rows = list(others.filter(pk__gt=after).select_for_update(of=("self",)).order_by("pk")[:BATCH])
        for row in rows:
            value = getattr(row, column.attname)
            if is_unreadable(value):
                report.unreadable.append(_named(row, column, value.stored))
                continue
            column.model._base_manager.filter(pk=row.pk).update(**{column.name: value})
            report.encrypted += 1
    return rows


def key_ids_in_use() -> set[str]:
    """The ids of the keys that stored values name; empty for values from before keys had ids."""
    ids: set[str] = set()
    for column in encrypted_columns():
        stored = _filled(column).annotate(stored=Cast(column.name, models.TextField()))
        ids.update(map(key_id_of, stored.values_list("stored", flat=True).iterator(1_000)))
    for name in FACTOR_SECRETS:
        ids.update(key_id_of(stored) for _place, _pk, stored in _stored_factors(name))
    return ids
