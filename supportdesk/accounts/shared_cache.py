"""Django's cache in the database: what allauth counts and remembers for minutes holds for all processes and hosts.

Values are JSON, not pickles, so that whoever can write rows can run nothing. There are few: codes that were used,
and how often somebody asked for a mail.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import transaction

from customers import time_of_record
from supportdesk.models import SharedValue

FOR_EVER = timedelta(days=3650)


def forget_shared_values(*, at: datetime) -> int:
    deleted, _by_model = SharedValue.objects.filter(expires_at__lte=at).delete()
    return deleted


class SharedCache(BaseCache):
    def __init__(self, _location: str, options: dict[str, Any]) -> None:
        super().__init__(options)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        row = SharedValue.objects.filter(key=self._key(key, version)).first()
        return row.value if row is not None and row.expires_at > self._now() else default

    def set(
        self,
        key: str,
        value: Any,
        timeout: float | object | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        kept = {"value": value, "expires_at": self._end(timeout)}
        SharedValue.objects.update_or_create(key=self._key(key, version), defaults=kept)

    @transaction.atomic
    def add(
        self,
        key: str,
        value: Any,
        timeout: float | object | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """True for one caller only, however many there are."""
        rows = SharedValue.objects.filter(key=self._key(key, version))
        rows.filter(expires_at__lte=self._now()).delete()
        kept = {"value": value, "expires_at": self._end(timeout)}
        _row, is_new = SharedValue.objects.get_or_create(key=self._key(key, version), defaults=kept)
        return is_new

    def delete(self, key: str, version: int | None = None) -> bool:
        deleted, _by_model = SharedValue.objects.filter(key=self._key(key, version)).delete()
        return deleted > 0

    def touch(
        self, key: str, timeout: float | object | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        rows = SharedValue.objects.filter(key=self._key(key, version), expires_at__gt=self._now())
        return rows.update(expires_at=self._end(timeout)) > 0

    def clear(self) -> None:
        SharedValue.objects.all().delete()

    def _key(self, key: str, version: int | None) -> str:
        return self.make_and_validate_key(key, version=version)

    def _end(self, timeout: Any) -> datetime:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return self._now() + (FOR_EVER if seconds is None else timedelta(seconds=seconds))

    @staticmethod
    def _now() -> datetime:
        return time_of_record.now()
