"""An explanation as plain text, for a terminal or a mail."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from escalation.explaining.sheet import Counted, Sheet, SheetEntry, SheetFact

INDENT = "    "


def as_text(sheet: Sheet) -> str:
    lines = [f"{sheet.ticket} {sheet.subject}", f"{sheet.customer} · {sheet.title}", sheet.outcome]
    lines += [" | ".join(sheet.zones)]
    lines += _section(_("Times"), _entries(sheet.moments))
    lines += _section(_("How it began"), [INDENT + sheet.why, *_entries(sheet.start)])
    lines += _section(_("Terms"), _facts(sheet.terms))
    counts = [line for row in sheet.counts for line in _counted(row)]
    lines += _section(_("Working time, counted"), [*counts, INDENT + sheet.sum])
    lines += _section(_("What happened"), _entries(sheet.story))
    lines += _section(_("How it ended, and on what evidence"), _entries(sheet.end))
    lines += _section(_("Who held it, in working time"), _facts(sheet.held))
    return "\n".join([*lines, "", sheet.made])


def _section(title: str, lines: Sequence[str] | Iterator[str]) -> list[str]:
    """Nothing at all where there is nothing to say."""
    told = list(lines)
    return ["", title, *told] if told else []


def _entries(entries: Sequence[SheetEntry]) -> Iterator[str]:
    for entry in entries:
        yield f"{INDENT}{' | '.join(entry.times)}  {entry.text}"
        yield from (f"{INDENT * 2}{note}" for note in entry.notes)


def _facts(facts: Sequence[SheetFact]) -> Iterator[str]:
    return (f"{INDENT}{fact.name}: {fact.value}" for fact in facts)


def _counted(row: Counted) -> Iterator[str]:
    spans = " | ".join(f"{start} - {end}" for start, end in row.spans)
    total = f" = {row.total}" if row.total else ""
    yield f"{INDENT}{spans}  {row.label}: {row.length}{total}"
