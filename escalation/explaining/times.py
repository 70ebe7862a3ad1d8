"""Writes times in the reader's zone and, beside it, in the customer's."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from customers.phrases import noted
from customers.times import zone_title


@dataclass(frozen=True)
class Zones:
    """The zones in which a time is shown: the reader's first, then the customer's if it differs."""

    keys: tuple[str, ...]

    @classmethod
    def of(cls, reader: str, customer: str) -> "Zones":
        return cls(tuple(dict.fromkeys(key for key in (reader, customer) if key)))

    @property
    def titles(self) -> tuple[str, ...]:
        """The heading of each column of times."""
        names = (_("Your time"), _("Customer's time")) if len(self.keys) > 1 else (_("Time"),)
        return tuple(noted(name, zone_title(key)) for name, key in zip(names, self.keys, strict=True))

    def stamps(self, moment: datetime) -> tuple[str, ...]:
        return tuple(time_in_zone(moment, key) for key in self.keys)

    def inline(self, moment: datetime) -> str:
        """Both times for use in a sentence: ``Wed 2026-11-18 20:00 +08:00 (Wed 2026-11-18 13:00 +01:00)``."""
        here, *there = dict.fromkeys(self.stamps(moment))
        return noted(here, there[0]) if there else here


def time_in_zone(moment: datetime, zone: str) -> str:
    """The time with weekday and UTC offset, which distinguishes a repeated hour; with seconds unless they are zero."""
    local = moment.astimezone(ZoneInfo(zone))
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return f"{date_format(local, 'D')} {local:%Y-%m-%d} {clock} {utc_offset(local)}"


def utc_offset(local: datetime) -> str:
    """``+08:00``"""
    return local.isoformat(timespec="minutes")[-6:]
