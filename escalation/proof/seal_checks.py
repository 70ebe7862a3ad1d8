"""Checks the seals: their chain, their trees, and that each line they cover is still there as it was."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from escalation.clocks.ledger_verification import Mismatch
from escalation.lib.merkle import root_of
from escalation.models import ClockEvent, Seal
from escalation.proof.sealing import SEALED, SealedContent, hash_of_seal

CHUNK = 100
SEALED_WITHIN = timedelta(hours=2)  # of the moment at which the line was recorded


def check_seals(*, since: int = 1) -> Iterator[Mismatch]:
    """What is wrong with the seals from the number ``since`` on. Read-only; memory use stays constant."""
    previous = Seal.objects.filter(number=since - 1).first()
    run_before: datetime | None = None  # when the last seals before those of the same run were made
    for seal in Seal.objects.filter(number__gte=since).order_by("number").iterator(CHUNK):
        if previous is not None and previous.sealed_at != seal.sealed_at:
            run_before = previous.sealed_at
        yield from _check_link(seal, previous)
        yield from _check_tree(seal, run_before)
        previous = seal


def _check_link(seal: Seal, previous: Seal | None) -> Iterator[Mismatch]:
    """Whether the seal is what it was, and follows the one before it."""
    if hash_of_seal(seal) != bytes(seal.hash):
        yield _of_the_ledger(_("Seal %(number)s was changed: its hash is wrong.") % {"number": seal.number})
    if seal.number != (previous.number + 1 if previous is not None else 1):
        yield _of_the_ledger(
            _("The seal before seal %(number)s is missing.") % {"number": seal.number},
        )
    elif bytes(seal.previous) != (bytes(previous.hash) if previous is not None else b""):
        yield _of_the_ledger(
            _("Seal %(number)s does not follow the seal before it.") % {"number": seal.number}
        )


def _check_tree(seal: Seal, run_before: datetime | None) -> Iterator[Mismatch]:
    """Whether the tree is that of the lines it covers, and whether these are still in the ledger as they were.

    ``run_before`` (UTC) is when the lines of that time were sealed.
    """
    covered = list(seal.covered.order_by("position").values_list("line", "clock", "leaf"))
    if len(covered) != seal.lines or root_of(bytes(leaf) for _line, _clock, leaf in covered) != bytes(
        seal.root
    ):
        yield _of_the_ledger(_("What seal %(number)s covers was changed.") % {"number": seal.number})
    lines = ClockEvent.objects.filter(pk__in=seal.covered.values("line")).order_by()
    present = {content.line: content for content in _contents(lines)}
    missing = {clock for line, clock, _leaf in covered if line not in present}
    changed = {
        clock
        for line, clock, leaf in covered
        if line in present and (present[line].clock != clock or present[line].leaf != bytes(leaf))
    }
    late: set[int] = set()
    if run_before is not None:
        late.update(
            lines.filter(recorded_at__lt=run_before - SEALED_WITHIN).values_list("clock_id", flat=True)
        )
    yield from (Mismatch(clock, None, _missing(seal.number)) for clock in sorted(missing))
    yield from (Mismatch(clock, None, _changed(seal.number)) for clock in sorted(changed))
    yield from (Mismatch(clock, None, _inserted_later(seal.number)) for clock in sorted(late))


def _contents(lines: QuerySet[ClockEvent]) -> Iterator[SealedContent]:
    """What the leaves of these lines must cover. Only lines older than hashes are read whole."""
    for line, clock, kept in lines.exclude(hash=None).values_list("pk", "clock_id", "hash"):
        yield SealedContent(line, clock, bytes(kept or b""), linked=True)
    yield from map(SealedContent.of, lines.filter(hash=None).values_list(*SEALED))


def _missing(seal: int) -> str:
    return _("a line that seal %(seal)s covers is missing from the ledger.") % {"seal": seal}


def _changed(seal: int) -> str:
    return _("a line is not as seal %(seal)s covers it.") % {"seal": seal}


def _inserted_later(seal: int) -> str:
    return _(
        "a line that is said to be older than the seals before seal %(seal)s was inserted after them."
    ) % {"seal": seal}


def _of_the_ledger(problem: str) -> Mismatch:
    return Mismatch(None, None, problem)
