"""What somebody who left leaves behind, as the detail of a notification; put into words when it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ShiftLeft:
    """A shift of a rota that nobody will stand, from a time until a time (UTC)."""

    rota: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class LeftWork:
    """The names of customers and the shifts that need somebody else. False if there are none."""

    customers: tuple[str, ...] = ()
    shifts: tuple[ShiftLeft, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.customers or self.shifts)

    def as_text(self) -> str:
        """The customers on a line each, an empty line, and the shifts as "from/until rota" in ISO 8601."""
        shifts = (f"{one.starts_at.isoformat()}/{one.ends_at.isoformat()} {one.rota}" for one in self.shifts)
        return "\n\n".join(("\n".join(self.customers), "\n".join(shifts)))

    @classmethod
    def from_text(cls, text: str) -> LeftWork:
        customers, _end, shifts = text.partition("\n\n")
        return cls(tuple(customers.splitlines()), tuple(map(_shift_from, shifts.splitlines())))


def _shift_from(line: str) -> ShiftLeft:
    span, _space, rota = line.partition(" ")
    starts_at, _slash, ends_at = span.partition("/")
    return ShiftLeft(rota, datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at))
