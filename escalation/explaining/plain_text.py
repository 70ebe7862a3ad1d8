"""An explanation as plain text, for a terminal or a mail."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from customers.phrases import labelled
from escalation.explaining.report import CountRow, ExplanationReport, NamedFact, TimedEntry

INDENT = "    "


def as_text(report: ExplanationReport) -> str:
    lines = [f"{report.ticket} {report.subject}", f"{report.customer} · {report.title}", report.outcome]
    lines += [" | ".join(report.zones)]
    lines += _section(_("Times"), _entries(report.moments))
    lines += _section(_("How it began"), [INDENT + report.why, *_entries(report.start)])
    lines += _section(_("Terms"), _facts(report.terms))
    counts = [line for row in report.counts for line in _count_lines(row)]
    lines += _section(_("Working time counted"), [*counts, INDENT + report.sum])
    lines += _section(_("What happened"), _entries(report.story))
    lines += _section(_("How it ended, with the evidence"), _entries(report.end))
    lines += _section(_("Time per owner, in working time"), _facts(report.held))
    return "\n".join([*lines, "", report.made])


def _section(title: str, lines: Sequence[str] | Iterator[str]) -> list[str]:
    """A title and its lines; nothing if there are no lines."""
    section = list(lines)
    return ["", title, *section] if section else []


def _entries(entries: Sequence[TimedEntry]) -> Iterator[str]:
    for entry in entries:
        yield f"{INDENT}{' | '.join(entry.times)}  {entry.text}"
        yield from (f"{INDENT * 2}{note}" for note in entry.notes)


def _facts(facts: Sequence[NamedFact]) -> Iterator[str]:
    return (INDENT + labelled(fact.name, fact.value) for fact in facts)


def _count_lines(row: CountRow) -> Iterator[str]:
    spans = " | ".join(f"{start} - {end}" for start, end in row.spans)
    total = f" = {row.total}" if row.total else ""
    yield f"{INDENT}{spans}  {labelled(row.label, row.length)}{total}"
