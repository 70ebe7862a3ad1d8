"""Verifies the ledger: replays every clock and names those whose row differs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from customers.phrases import listed
from escalation.clocks.line_hashes import hash_of_form, unlinked_until
from escalation.clocks.replay import FIELDS, BrokenChain, ClockStanding, LedgerLine, differences, replay
from escalation.lib.read_ahead import read_ahead
from escalation.lib.stored_text import IsoTime, JsonText
from escalation.models import Clock, ClockEvent
from tickets.choices import Status
from tickets.models.ticket import ticket_number

CHUNK = 5_000
LINE = LedgerLine._fields
HASHED = ("pk", "holder_id", "words", "hash")  # what the hash of a line needs besides
DATA = LINE.index("data")
TIMES = ("at", "recorded_at", "due_before", "due_after")
CLOCK_TIMES = (
    "started_at", "due_at", "stopped_at", "breached_at", "detected_at", "paused_at", "waived_at", "raised_at",
    "waiver_proposed_at",
)  # fmt: skip
# Times are compared as the text that the hashes cover, which saves most of the time of reading them.
LINE_COLUMNS = [
    IsoTime(name) if name in TIMES else JsonText(name) if name == "data" else F(name)
    for name in (*LINE, *HASHED)
]
CLOCK_COLUMNS = [IsoTime(name) if name in CLOCK_TIMES else F(name) for name in FIELDS]


@dataclass(frozen=True)
class Mismatch:
    """What disagrees with the ledger: a clock, a ticket, or neither if it is about the ledger as a whole.

    ``problem`` is a sentence.
    """

    clock: int | None
    ticket: int | None
    problem: str

    def __str__(self) -> str:
        about = {
            "number": ticket_number(self.ticket) if self.ticket is not None else "",
            "clock": self.clock,
            "problem": self.problem,
        }
        if self.clock is None:
            return self.problem if self.ticket is None else _("%(number)s: %(problem)s") % about
        if self.ticket is None:
            return _("SLA %(clock)s: %(problem)s") % about
        return _("%(number)s, SLA %(clock)s: %(problem)s") % about


@dataclass(frozen=True)
class Verification:
    """The number of clocks that one run read, and its mismatches."""

    clocks: int
    mismatches: tuple[Mismatch, ...]


def verify(*, ticket: int | None = None, clocks: Collection[int] | None = None) -> Verification:
    """Replay all clocks, those of one ticket given by its key, or those given, and look at what ended tickets owe.

    Read-only; memory use stays constant.

    A clock that seems wrong is checked again on its own, because it may have changed during the run.
    """
    count, suspects = 0, []
    for chosen in _chosen(ticket, clocks):
        for clock, problem in _check(chosen):
            count += 1
            if problem:
                suspects.append(clock)
    wrong = [mismatch for pk in suspects for mismatch in _check_again(pk)]
    return Verification(count, (*wrong, *_owed_by_what_is_over(ticket)))


def _chosen(ticket: int | None, clocks: Collection[int] | None) -> Iterator[QuerySet[Clock]]:
    if clocks is not None:
        keys = sorted(clocks)
        for begin in range(0, len(keys), CHUNK):
            yield Clock.objects.filter(pk__in=keys[begin : begin + CHUNK])
    else:
        yield Clock.objects.all() if ticket is None else Clock.objects.filter(ticket=ticket)


def _owed_by_what_is_over(ticket: int | None) -> Iterator[Mismatch]:
    """Open promises of resolved and closed tickets: no service leaves one, and nobody would look at it."""
    clocks = Clock.objects.open().filter(ticket__status__in=(Status.RESOLVED, Status.CLOSED))
    if ticket is not None:
        clocks = clocks.filter(ticket=ticket)
    for pk, number in clocks.order_by("pk").values_list("pk", "ticket").iterator(CHUNK):
        yield Mismatch(pk, number, _("it is still owed, although its ticket has ended."))


def _check(chosen: QuerySet[Clock]) -> Iterator[tuple[int, str]]:
    """Each of these clocks with its problem, if any. Merges clocks and ledger, both read in the order of the clocks."""
    events = ClockEvent.objects.order_by("clock_id", "pk")
    if chosen.query.where:
        events = events.filter(clock__in=chosen.order_by().values("pk"))
    unlinked = unlinked_until()
    lines = read_ahead(events.values_list("clock_id", *LINE_COLUMNS).iterator(CHUNK), CHUNK)
    clocks = read_ahead(chosen.order_by("pk").values_list("pk", *CLOCK_COLUMNS).iterator(CHUNK), CHUNK)
    ledger = groupby(lines, key=itemgetter(0))
    group = next(ledger, None)
    for pk, *values in clocks:
        while group is not None and group[0] < pk:
            group = next(ledger, None)
        rows = list(group[1]) if group is not None and group[0] == pk else []
        yield pk, _problem(ClockStanding(*values), [row[1:] for row in rows], unlinked=unlinked)


def _problem(stored: ClockStanding, rows: Sequence[tuple[Any, ...]], *, unlinked: int) -> str:
    """What is wrong with a clock whose lines are given as LINE_COLUMNS, as a sentence; empty if nothing is."""
    if not rows:
        return _("it has no lines in the ledger.")
    try:
        lines = [
            LedgerLine._make((*row[:DATA], orjson.loads(row[DATA]), *row[DATA + 1 : len(LINE)]))
            for row in rows
        ]
        wrong = list(differences(stored, replay(lines)))
        kept = [row[len(LINE) :] for row in rows]
        broken_link = first_broken_link(lines, kept, unlinked=unlinked)
    except BrokenChain as broken:
        return _("line %(line)s of its ledger does not follow the one before it.") % {"line": broken.args[0]}
    except (AttributeError, KeyError, TypeError, ValueError):
        return _("its ledger cannot be read.")
    if broken_link:
        return _("the hash of line %(line)s of its ledger is wrong: it or a line before it was changed.") % {
            "line": broken_link
        }
    if wrong:
        return _("its row differs from its ledger in: %(fields)s.") % {"fields": listed(wrong)}
    return ""


def first_broken_link(
    lines: Sequence[LedgerLine], kept: Sequence[tuple[Any, ...]], *, unlinked: int
) -> int | None:
    """The first of a clock's lines, counted from 1, whose hash is wrong; ``kept`` has their HASHED.

    Only lines up to the number ``unlinked`` may have no hash.
    """
    previous = None
    for place, (line, (pk, holder, words, hash_)) in enumerate(zip(lines, kept, strict=True), start=1):
        if hash_ is None:
            if pk > unlinked:
                return place
            previous = None
            continue
        digest = bytes(words) if words is not None else None
        form = line._asdict()
        form["holder"] = holder
        expected = hash_of_form(form, previous=previous, words=digest)
        previous = bytes(hash_)
        if expected != previous:
            return place
    return None


def _check_again(pk: int) -> Iterator[Mismatch]:
    """Check one clock again, as it may have changed while all were being read."""
    row = Clock.objects.filter(pk=pk).values_list("ticket_id", *CLOCK_COLUMNS).first()
    if row is None:
        return
    rows = list(ClockEvent.objects.filter(clock=pk).order_by("pk").values_list(*LINE_COLUMNS))
    problem = _problem(ClockStanding(*row[1:]), rows, unlinked=unlinked_until())
    if problem:
        yield Mismatch(pk, row[0], problem)
