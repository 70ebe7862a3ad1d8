"""Checks the seals: their chain, their trees, and that each line they cover is still there as it was."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby
from operator import itemgetter

from django.db import connection
from django.utils.translation import gettext as _

from escalation.clocks.ledger_verification import Mismatch
from escalation.lib.merkle import leaf_hash, root_of
from escalation.lib.read_ahead import read_ahead
from escalation.models import ClockEvent, Seal
from escalation.proof.sealing import SEALED, SealedContent, hash_of_seal, leaf_data

CHUNK = 100
LINES_AT_A_TIME = 10_000
SEALED_WITHIN = timedelta(hours=2)  # of the moment at which the line was recorded

COVERED_LINES = """
    SELECT covered.seal_id, covered.line, covered.clock, covered.leaf,
        event.clock_id, event.hash, CAST(event.recorded_at AS text)
    FROM escalation_sealedline covered LEFT JOIN escalation_clockevent event ON event.id = covered.line
    WHERE covered.seal_id >= %s ORDER BY covered.seal_id, covered.position
"""


# Seal, line, clock, leaf; clock, hash and time as the ledger has them now, or None if the line is missing.
CoveredLine = tuple[int, int, int, bytes, int | None, bytes | None, str | None]


def check_seals(*, since: int = 1) -> Iterator[Mismatch]:
    """What is wrong with the seals from the number ``since`` on. Read-only; memory use stays constant."""
    previous = Seal.objects.filter(number=since - 1).first()
    run_before: datetime | None = None  # when the last seals before those of the same run were made
    groups = groupby(_covered_lines(since), key=itemgetter(0))
    group = next(groups, None)
    for seal in Seal.objects.filter(number__gte=since).order_by("number").iterator(CHUNK):
        if previous is not None and previous.sealed_at != seal.sealed_at:
            run_before = previous.sealed_at
        while group is not None and group[0] < seal.number:
            group = next(groups, None)
        covered = list(group[1]) if group is not None and group[0] == seal.number else []
        yield from _check_link(seal, previous)
        yield from _check_tree(seal, covered)
        yield from _check_lines(seal, covered, run_before)
        previous = seal


def _covered_lines(since: int) -> Iterator[CoveredLine]:
    """Each line that the seals from this number on cover, beside the line of the ledger."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(COVERED_LINES, [since])
        fetched = iter(lambda: cursor.fetchmany(LINES_AT_A_TIME), [])
        yield from read_ahead(chain.from_iterable(fetched), LINES_AT_A_TIME)


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


def _check_tree(seal: Seal, covered: Sequence[CoveredLine]) -> Iterator[Mismatch]:
    """Whether the tree is that of the lines that the seal covers."""
    leaves = [bytes(leaf) for _seal, _line, _clock, leaf, _clock_now, _hash, _recorded in covered]
    if len(leaves) != seal.lines or root_of(leaves) != bytes(seal.root):
        yield _of_the_ledger(_("What seal %(number)s covers was changed.") % {"number": seal.number})


def _check_lines(
    seal: Seal, covered: Sequence[CoveredLine], run_before: datetime | None
) -> Iterator[Mismatch]:
    """Whether the ledger still has the lines as the seal covers them, and none that was due in a seal before it.

    What was recorded before ``run_before`` (UTC) was sealed then.
    """
    missing: set[int] = set()
    changed: set[int] = set()
    late: set[int] = set()
    oldest = as_recorded(run_before - SEALED_WITHIN) if run_before is not None else ""
    unlinked: Mapping[int, SealedContent] | None = None
    for _seal, line, clock, leaf, found, kept, recorded in covered:
        if found is None:
            missing.add(clock)
            continue
        if kept is None:
            unlinked = unlinked if unlinked is not None else _unlinked_contents(seal)
            expected = unlinked[line].leaf
        else:
            expected = leaf_hash(leaf_data(line, found, bytes(kept), linked=True))
        if found != clock or expected != leaf:
            changed.add(clock)
        if recorded is not None and recorded < oldest:
            late.add(found)
    yield from (Mismatch(clock, None, _missing(seal.number)) for clock in sorted(missing))
    yield from (Mismatch(clock, None, _changed(seal.number)) for clock in sorted(changed))
    yield from (Mismatch(clock, None, _inserted_later(seal.number)) for clock in sorted(late))


def as_recorded(time: datetime) -> str:
    """A time that sorts among the texts that the databases make of times, PostgreSQL without zeros at the end."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".")


def _unlinked_contents(seal: Seal) -> Mapping[int, SealedContent]:
    """By their number, what the leaves of lines older than hashes must cover: the whole of them."""
    lines = ClockEvent.objects.filter(pk__in=seal.covered.values("line"), hash=None).order_by()
    contents = map(SealedContent.of, lines.values_list(*SEALED))
    return {content.line: content for content in contents}


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
