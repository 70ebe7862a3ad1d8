"""Writes the four files of a pack into a folder. Reads the database, changes nothing."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from escalation.exports import promises_csv, scorecard, tickets_csv
from escalation.exports.incidents import incidents_of
from escalation.exports.period import Period
from escalation.exports.promises import promises_of
from escalation.exports.roster import Roster, load_roster
from escalation.lib.csv_sheets import Cell, SheetSummary, write_sheet
from escalation.working_time.lookup import CalendarBook

FORMAT_VERSION = 1  # raise it when a column is added, renamed or counted otherwise
MANIFEST = "manifest.json"


@dataclass
class Pack:
    """What `build_pack` wrote, and the totals that a mail can name."""

    folder: Path
    files: dict[str, SheetSummary] = field(default_factory=dict)
    policies: set[tuple[str, int]] = field(default_factory=set)
    desk: scorecard.Tally = field(default_factory=scorecard.Tally)


def build_pack(period: Period, *, folder: Path) -> Pack:
    """Write the sheets: rows stream from the database to the file, only the scorecard's lines are held."""
    pack, roster, book = Pack(folder), load_roster(), CalendarBook()
    card = scorecard.Scorecard(roster)
    tickets = tickets_csv.ticket_rows(tickets_csv.tickets_of(period), roster=roster, zone=period.zone)
    promises = _promise_rows(period, pack=pack, card=card, roster=roster, book=book)
    pack.files["tickets.csv"] = write_sheet(folder / "tickets.csv", tickets_csv.COLUMNS, tickets)
    pack.files["promises.csv"] = write_sheet(folder / "promises.csv", promises_csv.COLUMNS, promises)
    for incident in incidents_of(period):
        card.add_incident(incident)
    lines = card.lines()
    rows = scorecard.scorecard_rows(lines)
    pack.files["scorecard.csv"] = write_sheet(folder / "scorecard.csv", scorecard.COLUMNS, rows)
    pack.desk = lines[scorecard.THE_DESK]
    return pack


def _promise_rows(
    period: Period, *, pack: Pack, card: scorecard.Scorecard, roster: Roster, book: CalendarBook
) -> Iterator[list[Cell]]:
    """The rows of promises.csv; each promise is put on the scorecard as it passes."""
    for promise in promises_of(period, book=book):
        card.add(promise)
        pack.policies.add((promise.clock.policy, promise.clock.policy_version))
        yield promises_csv.promise_row(promise, roster=roster, zone=period.zone)


def write_manifest(pack: Pack, *, period: Period, revision: int, reason: str) -> None:
    """What lies in the pack and by which rules it was counted; the digests prove the sheets unchanged."""
    manifest = {
        "format_version": FORMAT_VERSION,
        "week": str(period.week),
        "revision": revision,
        "correction_reason": reason,
        "time_zone": period.zone.key,
        "from": period.start.isoformat(),
        "until": period.end.isoformat(),
        "files": {name: asdict(summary) for name, summary in pack.files.items()},
        "policies": [{"policy": name, "version": version} for name, version in sorted(pack.policies)],
    }
    data = (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()
    (pack.folder / MANIFEST).write_bytes(data)
    pack.files[MANIFEST] = SheetSummary(rows=0, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
