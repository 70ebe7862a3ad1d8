"""Verifies the ledger: replays every clock and names those whose row differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.phrases import listed
from escalation.clocks.replay import FIELDS, BrokenChain, ClockStanding, LedgerLine, differences, replay
from escalation.models import Clock, ClockEvent
from tickets.choices import Status
from tickets.models.ticket import ticket_number

CHUNK = 5_000
LINE = LedgerLine._fields


@dataclass(frozen=True)
class Mismatch:
    """A clock whose row and ledger disagree; ``problem`` is a sentence."""

    clock: int
    ticket: int
    problem: str

    def __str__(self) -> str:
        return _("%(number)s, SLA %(clock)s: %(problem)s") % {
            "number": ticket_number(self.ticket),
            "clock": self.clock,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Verification:
    """The number of clocks that one run read, and its mismatches."""

    clocks: int
    mismatches: tuple[Mismatch, ...]


def proof_in_words(*, wrong: int, among: int) -> str:
    """The result of a verification as a sentence."""
    if wrong:
        text = ngettext(
            "%(wrong)s of %(all)s SLAs does not match the ledger.",
            "%(wrong)s of %(all)s SLAs do not match the ledger.",
            wrong,
        )
        return text % {"wrong": wrong, "all": among}
    if not among:
        return _("There is no SLA to check yet.")
    text = ngettext(
        "%(all)s SLA matches the ledger.",
        "All %(all)s SLAs match the ledger.",
        among,
    )
    return text % {"all": among}


def verify(*, ticket: int | None = None) -> Verification:
    """Replay the clocks of one ticket, given by its key, or all of them, and look for what ended tickets still owe.

    Read-only; memory use stays constant.

    A clock that seems wrong is checked again on its own, because it may have changed during the run.
    """
    count, suspects = 0, []
    for clock, problem in _check_all(ticket):
        count += 1
        if problem:
            suspects.append(clock)
    wrong = [mismatch for pk in suspects for mismatch in _check_again(pk)]
    return Verification(count, (*wrong, *_owed_by_what_is_over(ticket)))


def _owed_by_what_is_over(ticket: int | None) -> Iterator[Mismatch]:
    """Open promises of resolved and closed tickets: no service leaves one, and nobody would look at it."""
    clocks = Clock.objects.open().filter(ticket__status__in=(Status.RESOLVED, Status.CLOSED))
    if ticket is not None:
        clocks = clocks.filter(ticket=ticket)
    for pk, number in clocks.order_by("pk").values_list("pk", "ticket").iterator(CHUNK):
        yield Mismatch(pk, number, _("it is still owed, although its ticket has ended."))


def _check_all(ticket: int | None) -> Iterator[tuple[int, str]]:
    """Each clock with its problem, if any. Merges clocks and ledger, both read in the order of the clocks."""
    clocks = Clock.objects.order_by("pk")
    events = ClockEvent.objects.order_by("clock_id", "pk")
    if ticket is not None:
        clocks, events = clocks.filter(ticket=ticket), events.filter(clock__ticket=ticket)
    ledger = groupby(events.values_list("clock_id", *LINE).iterator(CHUNK), key=itemgetter(0))
    group = next(ledger, None)
    for pk, *values in clocks.values_list("pk", *FIELDS).iterator(CHUNK):
        while group is not None and group[0] < pk:
            group = next(ledger, None)
        rows = list(group[1]) if group is not None and group[0] == pk else []
        yield pk, _problem(ClockStanding(*values), [LedgerLine._make(row[1:]) for row in rows])


def _problem(stored: ClockStanding, lines: list[LedgerLine]) -> str:
    if not lines:
        return _("it has no lines in the ledger.")
    try:
        wrong = list(differences(stored, replay(lines)))
    except BrokenChain as broken:
        return _("line %(line)s of its ledger does not follow the one before it.") % {"line": broken.args[0]}
    except (AttributeError, KeyError, TypeError, ValueError):
        return _("its ledger cannot be read.")
    if wrong:
        return _("its row differs from its ledger in: %(fields)s.") % {"fields": listed(wrong)}
    return ""


def _check_again(pk: int) -> Iterator[Mismatch]:
    """Check one clock again, as it may have changed while all were being read."""
    row = Clock.objects.filter(pk=pk).values_list("ticket_id", *FIELDS).first()
    if row is None:
        return
    lines = list(map(LedgerLine._make, ClockEvent.objects.filter(clock=pk).order_by("pk").values_list(*LINE)))
    problem = _problem(ClockStanding(*row[1:]), lines)
    if problem:
        yield Mismatch(pk, row[0], problem)
