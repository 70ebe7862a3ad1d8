"""The weekly pack: written once, kept in the default storage, corrected only by a further revision."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from escalation.exports.announce import announce
from escalation.exports.build import Pack, build_pack, write_manifest
from escalation.exports.period import Period
from escalation.lib.weeks import Week
from escalation.models import ExportFile, WeeklyExport
from tickets.errors import DeskError


def export_week(*, week: Week, at: datetime, actor: User | None, correct: str = "") -> WeeklyExport:
    """The frozen pack of a week that is over; made now if there is none, else the one that exists, unchanged.

    `correct` is the reason for a further revision: made from the data of today, it stands beside the old one.
    Building takes no lock; one short transaction claims the revision, keeps the files and queues the mails.
    DeskError when the week is not over, or there is nothing to correct.
    """
    period = _period_over(week, at=at)
    latest = WeeklyExport.objects.filter(week=str(week)).order_by("-revision").first()
    if latest and not correct:
        return latest
    if correct and not latest:
        raise DeskError(_("There is no pack of %(week)s to correct yet.") % {"week": week})
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
    """The files of a week as it stands now, over or not: in a folder, neither kept nor mailed."""
    period = Period.of(week, zone=desk_zone(), until=at)
    if period.end <= period.start:
        raise DeskError(_("%(week)s has not begun yet.") % {"week": week})
    folder.mkdir(parents=True, exist_ok=True)
    pack = build_pack(period, folder=folder)
    write_manifest(pack, period=period, revision=0, reason="")
    return pack


def desk_zone() -> ZoneInfo:
    return ZoneInfo(settings.DESK_TIME_ZONE)


def _period_over(week: Week, *, at: datetime) -> Period:
    period = Period.of(week, zone=desk_zone())
    if at < period.end:
        end = period.end.astimezone(period.zone)
        raise DeskError(
            _("%(week)s is not over before %(end)s (%(zone)s), so its pack cannot be frozen yet.")
            % {"week": week, "end": f"{end:%Y-%m-%d %H:%M}", "zone": period.zone.key}
        )
    return period


def _refuse_unchanged(pack: Pack, latest: WeeklyExport) -> None:
    frozen = dict(latest.files.values_list("name", "sha256"))
    if all(frozen.get(name) == summary.sha256 for name, summary in pack.files.items()):
        raise DeskError(
            _("Nothing to correct: a new export would equal revision %(revision)s of %(week)s.")
            % {"revision": latest.revision, "week": latest.week}
        )


@transaction.atomic
def _freeze(export: WeeklyExport, pack: Pack) -> WeeklyExport:
    """Whoever inserts the row first keeps the files; anybody who comes second gets that row."""
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
        files = [_keep(kept, pack, name) for name in pack.files]
        ExportFile.objects.bulk_create(files)
        announce(kept, files=files, desk=pack.desk, at=export.created_at)
    return kept


def _keep(export: WeeklyExport, pack: Pack, name: str) -> ExportFile:
    """A file left under this name comes from a run that died before its row was kept: it is replaced."""
    path = f"{folder_of(export)}/{name}"
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


def folder_of(export: WeeklyExport) -> str:
    """exports/2026-W47, and exports/2026-W47/revision-2 for its first correction."""
    folder = f"exports/{export.week}"
    return folder if export.revision == 1 else f"{folder}/revision-{export.revision}"
