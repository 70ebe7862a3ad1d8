"""Seals the ledger: each seal is a Merkle tree over the lines that no seal covers yet, and covers the seal before it.

The lines that a seal covers are rows of their own. A line whose transaction commits late is in the next seal then,
whatever its number or time. Lines that were written before lines had hashes are sealed as they are, marked so.
"""

from binascii import hexlify
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from escalation.clocks.line_hashes import FORM, hash_of_form, newest_unlinked
from escalation.lib.merkle import leaf_hash, root_of
from escalation.models import ClockEvent, Seal, SealedLine
from tickets.lib.bulk_insert import NewRow, insert_all
from tickets.lib.stopping import is_ending

MOST_LINES = 10_000  # in one seal, so that its transaction is short
# How long a transaction may take to commit before only a whole look finds its lines.
LATE_BY = timedelta(days=1)
SEALED = ("pk", "clock_id", "hash", "words", *FORM.values())
MEMBERS = tuple(FORM)


@dataclass(frozen=True)
class SealedContent:
    """What a leaf covers of a line: ``hash`` is its own, or for a line older than hashes that of its content."""

    line: int
    clock: int
    hash: bytes
    linked: bool

    @classmethod
    def of(cls, row: Sequence[Any]) -> "SealedContent":
        """From the columns SEALED of a line."""
        line, clock, kept, words, *content = row
        if kept is not None:
            return cls(line, clock, bytes(kept), linked=True)
        form = dict(zip(MEMBERS, content, strict=True))
        digest = bytes(words) if words is not None else None
        return cls(line, clock, hash_of_form(form, previous=None, words=digest), linked=False)

    @property
    def leaf_data(self) -> bytes:
        return leaf_data(self.line, self.clock, self.hash, linked=self.linked)

    @property
    def leaf(self) -> bytes:
        return leaf_hash(self.leaf_data)


def leaf_data(line: int, clock: int, hash_: bytes, *, linked: bool) -> bytes:
    """The canonical form of a leaf: one JSON object with sorted keys and no spaces, as of a line."""
    return b'{"clock":%d,"hash":"%b","line":%d,"linked":%b}' % (
        clock, hexlify(hash_), line, b"true" if linked else b"false"
    )  # fmt: skip


def seal_ledger(*, at: datetime, whole: bool = False) -> list[Seal]:
    """Seal all lines that no seal covers; returns the new seals, none if there is nothing new.

    ``whole`` looks for lines of any age. Otherwise only those are looked for that came after the seals of a day ago;
    a transaction that took longer to commit waits for the next whole look. Two runs at the same moment do not
    disturb each other: the first to write a number wins.
    """
    seals: list[Seal] = []
    above = 0 if whole else sealed_until(at - LATE_BY)
    while not is_ending():
        rows = list(unsealed_lines(above).values_list(*SEALED)[:MOST_LINES])
        seal = _seal(rows, at=at) if rows else None
        if seal is None:
            break
        seals.append(seal)
        above = rows[-1][0]
    return seals


def unsealed_lines(above: int = 0) -> QuerySet[ClockEvent]:
    """The lines with a higher number than ``above`` that no seal covers, in their order."""
    covered = SealedLine.objects.filter(line=OuterRef("pk"))
    return ClockEvent.objects.filter(~Exists(covered), pk__gt=above).order_by("pk")


def hash_of_seal(seal: Seal) -> bytes:
    """SHA-256 of the canonical form of everything else in the seal: sorted JSON like a line's."""
    form = {member: value for member, value in seal_form(seal).items() if member != "hash"}
    return sha256(orjson.dumps(form, option=orjson.OPT_SORT_KEYS)).digest()


def seal_form(seal: Seal) -> dict[str, Any]:
    """The seal as JSON holds it, in manifests and proofs: its ``hash`` is that of the other members."""
    return {
        "hash": bytes(seal.hash).hex(),
        "lines": seal.lines,
        "number": seal.number,
        "previous": bytes(seal.previous).hex(),
        "root": bytes(seal.root).hex(),
        "sealed_at": seal.sealed_at.astimezone(UTC).isoformat(),
        "unlinked_until": seal.unlinked_until,
    }


def sealed_until(time: datetime) -> int:
    """The newest line of the last seal that was made by a time (UTC); 0 before there is one."""
    seal = Seal.objects.filter(sealed_at__lte=time).order_by("-number").first()
    if seal is None:
        return 0
    return (
        SealedLine.objects.filter(seal=seal).order_by("-position").values_list("line", flat=True).first() or 0
    )


def _seal(rows: Sequence[Sequence[Any]], *, at: datetime) -> Seal | None:
    """Write one seal over these lines, given as SEALED; None if another process sealed at the same moment."""
    contents = list(map(SealedContent.of, rows))
    leaves = [content.leaf for content in contents]
    last = Seal.objects.order_by("-number").first()
    seal = Seal(
        number=last.number + 1 if last is not None else 1,
        sealed_at=at,
        lines=len(leaves),
        root=root_of(leaves),
        previous=bytes(last.hash) if last is not None else b"",
        hash=b"",
        unlinked_until=newest_unlinked() if last is None else 0,
    )
    seal.hash = hash_of_seal(seal)
    try:
        with transaction.atomic():
            seal.save(force_insert=True)
            insert_all(list(_covered(seal, contents, leaves)))
    except IntegrityError:
        return None
    return seal


def _covered(
    seal: Seal, contents: Sequence[SealedContent], leaves: Sequence[bytes]
) -> Iterator[NewRow[SealedLine]]:
    for position, (content, leaf) in enumerate(zip(contents, leaves, strict=True)):
        values = {
            "line": content.line, "clock": content.clock, "seal_id": seal.number, "position": position, "leaf": leaf
        }  # fmt: skip
        yield NewRow(SealedLine, values)
