"""The weekly pack: its sheets and a manifest, written once, stored, and corrected only by a new revision."""

import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import chain, starmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from escalation.exports import (
    changes_csv,
    column_meanings,
    highlights,
    incidents_csv,
    promises_csv,
    scorecard,
    tickets_csv,
)
from escalation.exports.bulk_reading import People, load_people
from escalation.exports.changed_judgements import ChangedJudgement, changes_of
from escalation.exports.due_weeks import desk_zone, is_late
from escalation.exports.pack_files import stored_pack
from escalation.exports.pack_mail import mail_pack
from escalation.exports.promises import JudgedPromise, promises_of
from escalation.exports.proposal_incidents import proposal_incidents
from escalation.exports.subscribers import subscribe_directors
from escalation.lib.csv_sheets import Cell, SheetSummary, write_sheet
from escalation.lib.snapshot import one_snapshot
from escalation.lib.weeks import Period, Week, parse_week
from escalation.models import ExportFile, WeeklyExport
from escalation.proof.manifest_proof import newest_seal
from escalation.proof.sealing import seal_ledger
from tickets.errors import DeskError

FORMAT_VERSION = 4  # raise it when a column is added, renamed or counted differently
MANIFEST = "manifest.json"


@dataclass
class Pack:
    """The files that `build_pack` wrote into a folder, and the totals for the mail."""

    folder: Path
    files: dict[str, SheetSummary] = field(default_factory=dict)
    policies: set[tuple[str, int]] = field(default_factory=set)
    desk: scorecard.Tally = field(default_factory=scorecard.Tally)
    changes: Sequence[ChangedJudgement] = ()
    people: People = field(default_factory=dict)
    seal: dict[str, Any] | None = None  # of the ledger, as the manifest names it

    def add_changes(self, changes: Sequence[ChangedJudgement], *, zone: ZoneInfo) -> None:
        """Write what a correction changes as a sheet of its own."""
        self.changes = changes
        rows = changes_csv.change_rows(changes, people=self.people, zone=zone)
        self.files["changes.csv"] = write_sheet(self.folder / "changes.csv", changes_csv.COLUMNS, rows)

    def write(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        self.files[name] = write_sheet(self.folder / name, columns, rows)


def export_week(*, week: Week, at: datetime, actor: User | None, correct: str = "") -> WeeklyExport:
    """Freeze the pack of a week that is over; if the week already has one, return it unchanged.

    It is judged by what the desk had recorded before the week's end, whenever it is made. ``correct`` is the reason
    for a further revision, made from what is recorded by now and kept beside the old one. Building and storing take no
    lock; one short transaction claims the revision and queues the mails. The ledger is sealed before, and the
    manifest and the mails carry the seal out of the desk. Raises DeskError if the week is not
    over, or if there is nothing to correct.
    """
    period = Period.of(week, zone=desk_zone(), as_of=at if correct else None)
    _refuse_unfinished(period, at)
    latest = latest_revision(week)
    if latest and not correct:
        return latest
    if correct and not latest:
        raise DeskError(_("There is no pack for %(week)s to correct yet.") % {"week": week})
    export = WeeklyExport(
        reason=correct, created_at=at, created_by=actor, is_late=not correct and is_late(week, at)
    )
    changes = changes_of([week], since=latest.checked_until, until=at).get(week, ()) if latest else ()
    return _make(export, period, latest, changes)


def correct_week(
    *, latest: WeeklyExport, changes: Sequence[ChangedJudgement], as_of: datetime, at: datetime
) -> WeeklyExport:
    """Make the desk's own correction of a frozen week, from what was recorded before ``as_of`` (UTC).

    A second run at the same time returns the correction of the first.
    """
    period = Period.of(parse_week(latest.week), zone=desk_zone(), as_of=as_of)
    reason = _("SLAs judged differently since then: %(count)s.") % {"count": len(changes)}
    return _make(WeeklyExport(reason=reason, created_at=at), period, latest, changes)


def latest_revision(week: Week) -> WeeklyExport | None:
    return WeeklyExport.objects.filter(week=str(week)).order_by("-revision").first()


def _refuse_unfinished(period: Period, at: datetime) -> None:
    if at < period.end:
        end = period.end.astimezone(period.zone)
        raise DeskError(
            _("%(week)s does not end until %(end)s (%(zone)s), so its pack cannot be created yet.")
            % {"week": period.week, "end": f"{end:%Y-%m-%d %H:%M}", "zone": period.zone.key}
        )


def _make(
    export: WeeklyExport, period: Period, latest: WeeklyExport | None, changes: Sequence[ChangedJudgement]
) -> WeeklyExport:
    export.week, export.revision = str(period.week), latest.revision + 1 if latest else 1
    export.as_of = export.checked_until = period.as_of
    seal_ledger(at=export.created_at, whole=True)
    with TemporaryDirectory(prefix="export-") as folder:
        with one_snapshot():
            pack = build_pack(period, folder=Path(folder))
            pack.seal = newest_seal()
        if latest and not changes:
            _refuse_unchanged(pack, latest)
        if latest:
            pack.add_changes(changes, zone=period.zone)
        write_manifest(pack, period=period, export=export)
        return _freeze(export, pack)


def preview_week(*, week: Week, at: datetime, folder: Path) -> Pack:
    """Write the files of a week so far, over or not, into a folder; nothing is kept or mailed."""
    period = Period.of(week, zone=desk_zone(), until=at)
    if period.end <= period.start:
        raise DeskError(_("%(week)s has not started yet.") % {"week": week})
    folder.mkdir(parents=True, exist_ok=True)
    with one_snapshot():
        pack = build_pack(period, folder=folder)
    write_manifest(pack, period=period, export=WeeklyExport(revision=0))
    return pack


def build_pack(period: Period, *, folder: Path, tickets: Container[int] | None = None) -> Pack:
    """Write the sheets into a folder; reads the database and changes nothing.

    Rows stream from the database to the file; only the lines of the scorecard are held in memory. ``tickets`` are the
    keys of those that the sheets are about; None for all.
    """
    people, zone = load_people(), period.zone
    pack = Pack(folder, people=people)
    card, top = scorecard.Scorecard(people), highlights.Highlights()
    opened = tickets_csv.ticket_rows(
        tickets_csv.tickets_of(period), people=people, zone=zone, recorded_before=period.as_of, among=tickets
    )
    pack.write("tickets.csv", tickets_csv.COLUMNS, opened)
    promises = (each for each in promises_of(period) if tickets is None or each.clock.ticket_id in tickets)
    pack.write(
        "promises.csv",
        promises_csv.COLUMNS,
        _promise_rows(promises, zone=zone, pack=pack, card=card, top=top),
    )
    events = chain(scorecard.incidents_of(period), proposal_incidents(period))
    meant = (event for event in events if tickets is None or event.ticket_id in tickets)
    incidents = _incident_rows(meant, zone=zone, card=card, people=people)
    pack.write("incidents.csv", incidents_csv.COLUMNS, incidents)
    lines = card.lines()
    pack.write("scorecard.csv", scorecard.COLUMNS, starmap(scorecard.scorecard_row, lines.items()))
    pack.write("people.csv", incidents_csv.PEOPLE_COLUMNS, incidents_csv.people_rows(card.people_named()))
    pack.write("highlights.csv", highlights.COLUMNS, top.rows(people=people, zone=zone))
    pack.write("columns.csv", column_meanings.COLUMNS, column_meanings.meaning_rows(zone))
    pack.desk = lines[scorecard.THE_DESK]
    return pack


def _promise_rows(
    promises: Iterable[JudgedPromise],
    *,
    zone: ZoneInfo,
    pack: Pack,
    card: scorecard.Scorecard,
    top: highlights.Highlights,
) -> Iterator[list[Cell]]:
    """The rows of promises.csv; each promise is added to the scorecard and the highlights on the way."""
    for promise in promises:
        card.add(promise)
        top.add(promise)
        pack.policies.add((promise.clock.policy, promise.clock.policy_version))
        yield promises_csv.promise_row(promise, people=pack.people, zone=zone)


def _incident_rows(
    incidents: Iterable[scorecard.Incident], *, zone: ZoneInfo, card: scorecard.Scorecard, people: People
) -> Iterator[list[Cell]]:
    """The rows of incidents.csv; each incident is added to the scorecard on the way."""
    for incident in incidents:
        card.add_incident(incident)
        yield incidents_csv.incident_row(incident, people=people, zone=zone)


def write_manifest(pack: Pack, *, period: Period, export: WeeklyExport, is_whole: bool = True) -> None:
    """Write the contents of the pack and the rules by which it was counted; the digests prove the sheets unchanged.

    A part of a pack (``is_whole``) says so and names no seal: its sheets are not those that were frozen.
    """
    manifest = {
        **({} if is_whole else {"part": "the tickets that its reader may see"}),
        "format_version": FORMAT_VERSION,
        "week": str(period.week),
        "revision": export.revision,
        "correction_reason": export.reason,
        "late": export.is_late,
        "time_zone": period.zone.key,
        "from": period.start.isoformat(),
        "until": period.end.isoformat(),
        "recorded_until": period.as_of.isoformat(),
        "seal": pack.seal,
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


def _freeze(export: WeeklyExport, pack: Pack) -> WeeklyExport:
    """Keep the files and queue the mails, unless another run inserted the row first: then return that row."""
    with stored_pack(export.week, pack.folder, pack.files, at=export.created_at) as files:
        return _insert(export, pack, files)


@transaction.atomic
def _insert(export: WeeklyExport, pack: Pack, files: Sequence[ExportFile]) -> WeeklyExport:
    subscribe_directors()
    kept, created = WeeklyExport.objects.get_or_create(
        week=export.week,
        revision=export.revision,
        defaults={
            name: getattr(export, name)
            for name in ("reason", "created_at", "created_by", "is_late", "as_of", "checked_until")
        },
    )
    if created:
        for file in files:
            file.export = kept
        ExportFile.objects.bulk_create(files)
        mail_pack(
            kept, files=files, desk=pack.desk, changes=pack.changes, seal=pack.seal, at=export.created_at
        )
    return kept
