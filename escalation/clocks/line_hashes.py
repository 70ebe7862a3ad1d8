"""The hashes of ledger lines: each covers a line's content and the hash of the line before it on the same clock.

The content is hashed in a canonical form that is the same on every database: one JSON object in UTF-8 with sorted keys
and no spaces, times in UTC as Python's isoformat() writes them, hashes in hexadecimal digits, people and messages by
number. The words of a message enter as their salted digest only, so that they can be erased.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
from django.db.models import Max

from escalation.models import ClockEvent, Seal

# The members of the form besides `previous` and `words`, and the attributes of ClockEvent that they hold.
FORM = {
    "actor": "actor_id", "at": "at", "cause": "cause", "change": "change", "data": "data",
    "due_after": "due_after", "due_before": "due_before", "holder": "holder_id", "message": "message_id",
    "recorded_at": "recorded_at", "state_after": "state_after", "state_before": "state_before",
}  # fmt: skip
TIMES = ("at", "due_after", "due_before", "recorded_at")


def hash_of_line(values: Mapping[str, Any], *, previous: bytes | None) -> bytes:
    """SHA-256 of a line given by the attribute names of ClockEvent; ``previous`` is the hash of the line before it."""
    form = {member: values[name] for member, name in FORM.items()}
    for member in TIMES:
        form[member] = _in_utc(form[member])
    return hash_of_form(form, previous=previous, words=values["words"])


def hash_of_form(form: dict[str, Any], *, previous: bytes | None, words: bytes | None) -> bytes:
    """SHA-256 of the canonical form; ``form`` has the members of FORM, its times in UTC, and gets the other two."""
    whole = completed_form(form, previous=previous, words=words)
    return sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).digest()


def completed_form(form: dict[str, Any], *, previous: bytes | None, words: bytes | None) -> dict[str, Any]:
    """Adds the hash of the line before and the digest of the words to the members of FORM."""
    form["previous"] = previous.hex() if previous is not None else None
    form["words"] = words.hex() if words is not None else None
    return form


def newest_hashes(clocks: Collection[int]) -> dict[int, bytes | None]:
    """By clock, the hash of its newest line; None if that line is older than hashes. One query, none without clocks.

    Needs the locks of the tickets, or two lines could follow the same one.
    """
    if not clocks:
        return {}
    newest = ClockEvent.objects.filter(clock__in=clocks).order_by().values("clock").annotate(line=Max("pk"))
    lines = ClockEvent.objects.filter(pk__in=newest.values("line")).order_by()
    return {clock: _bytes(value) for clock, value in lines.values_list("clock", "hash")}


def _in_utc(time: datetime | None) -> datetime | None:
    return time.astimezone(UTC) if time is not None and time.tzinfo is not UTC else time


def _bytes(value: Any) -> bytes | None:
    return bytes(value) if value is not None else None  # PostgreSQL gives a memoryview


def unlinked_until() -> int:
    """The number of the newest line that may have no hash, being older than hashes.

    The first seal holds it. Before there is one, every line up to the first that has a hash may be so old.
    """
    seal = Seal.objects.filter(number=1).values_list("unlinked_until", flat=True).first()
    return seal if seal is not None else newest_unlinked()


def newest_unlinked() -> int:
    """The number of the newest line that stands before every line with a hash; 0 if there is none."""
    first = ClockEvent.objects.exclude(hash=None).order_by("pk").values_list("pk", flat=True).first()
    older = ClockEvent.objects.filter(hash=None)
    if first is not None:
        older = older.filter(pk__lt=first)
    return older.aggregate(newest=Max("pk"))["newest"] or 0
