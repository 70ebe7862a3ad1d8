"""A lead's part of a frozen week: the same sheets, with the rows of the tickets that they see.

The frozen pack holds every customer's words and everybody's figures, so it is for those who see all. A part of it is
built from the ledger anew, judged as of the same moment, and its scorecard counts only its own rows.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from customers.access import Person
from escalation.exports.due_weeks import desk_zone
from escalation.exports.pack import build_pack, write_manifest
from escalation.exports.pack_mail import download_name
from escalation.exports.pack_zip import zip_folder
from escalation.lib.snapshot import one_snapshot
from escalation.lib.weeks import Period, parse_week
from escalation.models import WeeklyExport
from tickets.access import visible_tickets


def team_zip_name(export: WeeklyExport) -> str:
    """2026-W47-team.zip, or 2026-W47-r2-team.zip for the first correction."""
    return download_name(export, "team.zip")


def team_zip(export: WeeklyExport, *, reader: Person) -> Iterator[bytes]:
    """Build the reader's part at once, and return its archive to be streamed. Files are gone when it was read."""
    folder = TemporaryDirectory(prefix="team-")
    try:
        _build(export, reader, Path(folder.name))
    except BaseException:
        folder.cleanup()
        raise
    return _stream(export, folder)


def _build(export: WeeklyExport, reader: Person, folder: Path) -> None:
    period = Period.of(parse_week(export.week), zone=desk_zone(), as_of=export.as_of)
    with one_snapshot():
        seen = visible_tickets(reader).filter(opened_at__lt=period.end).values_list("pk", flat=True)
        pack = build_pack(period, folder=folder, tickets=frozenset(seen.iterator()))
    write_manifest(pack, period=period, export=export, is_whole=False)


def _stream(export: WeeklyExport, folder: "TemporaryDirectory[str]") -> Iterator[bytes]:
    with folder:
        yield from zip_folder(Path(folder.name), name=team_zip_name(export), at=export.created_at)
