"""The weekly pack: its sheets and a manifest, written once, stored, and corrected only by a new revision."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import chain, starmap
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from escalation.exports import (
    column_meanings,
    highlights,
    incidents_csv,
    promises_csv,
    scorecard,
    tickets_csv,
)
from escalation.exports.bulk_reading import People, load_people
from escalation.exports.pack_mail import mail_pack
from escalation.exports.promises import promises_of
from escalation.exports.proposal_incidents import proposal_incidents
from escalation.lib.csv_sheets import Cell, SheetSummary, write_sheet
from escalation.lib.weeks import Period, Week
from escalation.models import ExportFile, WeeklyExport
from tickets.errors import DeskError

FORMAT_VERSION = 2  # raise it when a column is added, renamed or counted differently
MANIFEST = "manifest.json"


@dataclass
class Pack:
    """The files that `build_pack` wrote into a folder, and the totals for the mail."""

    folder: Path
    files: dict[str, SheetSummary] = field(default_factory=dict)
    policies: set[tuple[str, int]] = field(default_factory=set)
    desk: scorecard.Tally = field(default_factory=scorecard.Tally)

    def write(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        self.files[name] = write_sheet(self.folder / name, columns, rows)


def export_week(*, week: Week, at: datetime, actor: User | None, correct: str = "") -> WeeklyExport:
    """Freeze the pack of a week that is over; if the week already has one, return it unchanged.

    `correct` is the reason for a further revision, made from today's data and kept beside the old one. Building takes
    no lock; one short transaction claims the revision, keeps the files and queues the mails. Raises DeskError if the
    week is not over, or if there is nothing to correct.
    """
    period = Period.of(week, zone=desk_zone())
    if at < period.end:
        end = period.end.astimezone(period.zone)
        raise DeskError(
            _("%(week)s does not end until %(end)s (%(zone)s), so its pack cannot be created yet.")
            % {"week": week, "end": f"{end:%Y-%m-%d %H:%M}", "zone": period.zone.key}
        )
    latest = WeeklyExport.objects.filter(week=str(week)).order_by("-revision").first()
    if latest and not correct:
        return latest
    if correct and not latest:
        raise DeskError(_("There is no pack for %(week)s to correct yet.") % {"week": week})
    revision = latest.revision + 1 if latest else 1
    with TemporaryDirectory(prefix="export-") as folder:
        pack = build_pack(period, folder=Path(folder))
        if latest:
            _refuse_unchanged(pack, latest)
        write_manifest(pack, period=period, revision=revision, reason=correct)
        export = WeeklyExport(
            week=str(week), revision=revision, reason=correct, created_at=at, created_by=actor
        )
        return _freeze(export, pack)


def preview_week(*, week: Week, at: datetime, folder: Path) -> Pack:
    """Write the files of a week in its present state, over or not, into a folder; nothing is kept or mailed."""
    period = Period.of(week, zone=desk_zone(), until=at)
    if period.end <= period.start:
        raise DeskError(_("%(week)s has not started yet.") % {"week": week})
    folder.mkdir(parents=True, exist_ok=True)
    pack = build_pack(period, folder=folder)
    write_manifest(pack, period=period, revision=0, reason="")
    return pack


def desk_zone() -> ZoneInfo:
    return ZoneInfo(settings.DESK_TIME_ZONE)


def build_pack(period: Period, *, folder: Path) -> Pack:
    """Write the sheets into a folder; reads the database and changes nothing.

    Rows stream from the database to the file; only the lines of the scorecard are held in memory.
    """
    pack, people, zone = Pack(folder), load_people(), period.zone
    card, top = scorecard.Scorecard(people), highlights.Highlights()
    tickets = tickets_csv.ticket_rows(tickets_csv.tickets_of(period), people=people, zone=zone)
    pack.write("tickets.csv", tickets_csv.COLUMNS, tickets)
    promises = _promise_rows(period, pack=pack, card=card, top=top, people=people)
    pack.write("promises.csv", promises_csv.COLUMNS, promises)
    incidents = _incident_rows(period, card=card, people=people)
    pack.write("incidents.csv", incidents_csv.COLUMNS, incidents)
    lines = card.lines()
    rows = starmap(scorecard.scorecard_row, lines.items())
    pack.write("scorecard.csv", scorecard.COLUMNS, rows)
    pack.write("people.csv", incidents_csv.PEOPLE_COLUMNS, incidents_csv.people_rows(card.people_named()))
    pack.write("highlights.csv", highlights.COLUMNS, top.rows(people=people, zone=zone))
    pack.write("columns.csv", column_meanings.COLUMNS, column_meanings.meaning_rows(zone))
    pack.desk = lines[scorecard.THE_DESK]
    return pack


def _promise_rows(
    period: Period, *, pack: Pack, card: scorecard.Scorecard, top: highlights.Highlights, people: People
) -> Iterator[list[Cell]]:
    """The rows of promises.csv; each promise is added to the scorecard and the highlights on the way."""
    for promise in promises_of(period):
        card.add(promise)
        top.add(promise)
        pack.policies.add((promise.clock.policy, promise.clock.policy_version))
        yield promises_csv.promise_row(promise, people=people, zone=period.zone)


def _incident_rows(period: Period, *, card: scorecard.Scorecard, people: People) -> Iterator[list[Cell]]:
    """The rows of incidents.csv; each incident is added to the scorecard on the way."""
    for incident in chain(scorecard.incidents_of(period), proposal_incidents(period)):
        card.add_incident(incident)
        yield incidents_csv.incident_row(incident, people=people, zone=period.zone)


def write_manifest(pack: Pack, *, period: Period, revision: int, reason: str) -> None:
    """Write the contents of the pack and the rules by which it was counted; the digests prove the sheets unchanged."""
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


def _refuse_unchanged(pack: Pack, latest: WeeklyExport) -> None:
    frozen = dict(latest.files.values_list("name", "sha256"))
    if all(frozen.get(name) == summary.sha256 for name, summary in pack.files.items()):
        raise DeskError(
            _("Nothing to correct: a new export would equal revision %(revision)s of %(week)s.")
            % {"revision": latest.revision, "week": latest.week}
        )


@transaction.atomic
def _freeze(export: WeeklyExport, pack: Pack) -> WeeklyExport:
    """Keep the files and queue the mails, unless another run inserted the row first: then return that row."""
    kept, created = WeeklyExport.objects.get_or_create(
        week=export.week,
        revision=export.revision,
        defaults={
            "reason": export.reason,
            "created_at": export.created_at,
            "created_by": export.created_by,
        },
    )
    if created:
        files = [_store(kept, pack, name) for name in pack.files]
        ExportFile.objects.bulk_create(files)
        mail_pack(kept, files=files, desk=pack.desk, at=export.created_at)
    return kept


def _store(export: WeeklyExport, pack: Pack, name: str) -> ExportFile:
    """Store one file as exports/2026-W47/NAME, or exports/2026-W47/revision-2/NAME for the first correction.

    A file already there was left by a run that died before it inserted its row; it is replaced.
    """
    revision = "" if export.revision == 1 else f"/revision-{export.revision}"
    path = f"exports/{export.week}{revision}/{name}"
    default_storage.delete(path)
    with (pack.folder / name).open("rb") as source:
        stored = default_storage.save(path, File(source))
    summary = pack.files[name]
    return ExportFile(
        export=export,
        name=name,
        path=stored,
        sha256=summary.sha256,
        size=summary.bytes,
        rows=summary.rows,
    )
