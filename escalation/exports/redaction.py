"""Takes erased people and companies out of weekly packs that were kept.

The sheets that name them go; a further revision has the newest ones without the words, and its manifest the digests of
all that went. What was judged is the same.
"""

import csv
import hashlib
import io
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from customers.traces import Traces
from escalation.exports.pack import MANIFEST
from escalation.exports.pack_files import stored_pack
from escalation.lib.csv_sheets import BOM, SheetSummary, write_sheet
from escalation.models import ExportFile, WeeklyExport
from tickets.models import OutboundEmail
from tickets.models.ticket import ticket_number
from tickets.repeated_words import CUT

# The columns of a ticket's row that hold words of theirs.
WORDS = ("subject", "contact", "contact_email")  # packs before format 4 named contacts
TICKET = "ticket"


@dataclass
class Redaction:
    """What became of a week: ``removed`` are the paths of the files that no row names any more."""

    revision: WeeklyExport | None = None
    removed: list[str] = field(default_factory=list)


def weeks_with_packs() -> list[str]:
    return sorted(set(WeeklyExport.objects.order_by().values_list("week", flat=True)))


def redact_week(
    week: str,
    *,
    traces: Traces,
    tickets: Collection[int],
    mark: str,
    number: int,
    at: datetime,
    actor: User,
) -> Redaction:
    """Make a redacted revision of a week whose sheets name somebody, in the caller's transaction.

    ``tickets`` are the keys of theirs, ``number`` that of the erasure. A second run finds nothing.
    """
    redactor = _Redactor(traces, frozenset(map(ticket_number, tickets)), mark)
    exports = list(WeeklyExport.objects.select_for_update().filter(week=week).order_by("revision"))
    gone = [file for file in ExportFile.objects.filter(export__in=exports) if redactor.concerns(file)]
    if not gone:
        return Redaction()
    newest = exports[-1]
    # Without the number of the erasure in its reason, a later one could not be told from this.
    reason = _("Personal data was erased (number %(number)s).") % {"number": number}
    with TemporaryDirectory(prefix="redaction-") as folder:
        sheets = redactor.rewrite(newest, Path(folder))
        _write_manifest(newest, Path(folder), sheets, gone=gone, reason=reason)
        revision = _insert(newest, Path(folder), sheets, reason=reason, at=at, actor=actor)
    return Redaction(revision, _forget(gone))


class _Redactor:
    """The cells of a sheet without one person: the words of their tickets, and their traces in all others."""

    def __init__(self, traces: Traces, tickets: Collection[str], mark: str) -> None:
        self.traces, self.tickets, self.mark = traces, tickets, mark

    def concerns(self, file: ExportFile) -> bool:
        if not file.name.endswith(".csv"):
            return False
        columns, rows = _sheet(file)
        return any(self.redacted(row, columns) != row for row in rows)

    def redacted(self, row: Sequence[str], columns: Sequence[str]) -> list[str]:
        cells = [self.traces.replaced_in(cell) for cell in row]
        named = dict(zip(columns, row, strict=False))
        if named.get(TICKET) in self.tickets:
            for place, column in enumerate(columns):
                if column in WORDS and cells[place] and not cells[place].isdecimal():
                    cells[place] = CUT if column == "subject" else self.mark
        return cells

    def rewrite(self, export: WeeklyExport, folder: Path) -> dict[str, SheetSummary]:
        """The sheets of a pack in a folder, redacted; all but the manifest."""
        written = {}
        for file in export.files.exclude(name=MANIFEST):
            columns, rows = _sheet(file)
            redacted = [self.redacted(row, columns) for row in rows]
            written[file.name] = write_sheet(folder / file.name, columns, redacted)
        return written


def _sheet(file: ExportFile) -> tuple[list[str], Iterator[list[str]]]:
    with default_storage.open(file.path, "rb") as content:
        text = content.read().decode().removeprefix(BOM)
    rows = csv.reader(io.StringIO(text, newline=""))
    return next(rows, []), rows


def _write_manifest(
    newest: WeeklyExport,
    folder: Path,
    sheets: dict[str, SheetSummary],
    *,
    gone: Sequence[ExportFile],
    reason: str,
) -> None:
    """The newest manifest, with the digests of the sheets as they are now, and of those that went."""
    manifest: dict[str, Any] = {}
    original = newest.files.filter(name=MANIFEST).first()
    if original is not None:
        with default_storage.open(original.path, "rb") as content:
            manifest = json.loads(content.read())
    manifest |= {
        "revision": newest.revision + 1,
        "correction_reason": reason,
        "files": {
            name: {"rows": sheet.rows, "sha256": sheet.sha256, "bytes": sheet.bytes}
            for name, sheet in sheets.items()
        },
        "redacts": {
            "revision": newest.revision,
            "manifest_sha256": original.sha256 if original is not None else "",
            "removed": [
                {
                    "revision": file.export.revision,
                    "name": file.name,
                    "sha256": file.sha256,
                    "bytes": file.size,
                }
                for file in gone
            ],
        },
    }
    data = (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()
    (folder / MANIFEST).write_bytes(data)
    sheets[MANIFEST] = SheetSummary(rows=0, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


def _insert(
    newest: WeeklyExport,
    folder: Path,
    sheets: dict[str, SheetSummary],
    *,
    reason: str,
    at: datetime,
    actor: User,
) -> WeeklyExport:
    """A revision that judges what the newest one judges. Nobody is mailed: nothing was judged anew."""
    with stored_pack(newest.week, folder, sheets, at=at) as files:
        revision = WeeklyExport.objects.create(
            week=newest.week, revision=newest.revision + 1, reason=reason, created_at=at, created_by=actor,
            is_late=newest.is_late, as_of=newest.as_of, checked_until=newest.checked_until,
        )  # fmt: skip
        for file in files:
            file.export = revision
        ExportFile.objects.bulk_create(files)
    return revision


def _forget(gone: Sequence[ExportFile]) -> list[str]:
    """Remove the rows of these files, also from the mails that carried them. Returns their paths."""
    paths = [file.path for file in gone]
    changed = []
    for mail in OutboundEmail.objects.exclude(files=[]).only("files"):
        left = [listed for listed in mail.files if listed.get("path") not in paths]
        if left != mail.files:
            mail.files = left
            changed.append(mail)
    OutboundEmail.objects.bulk_update(changed, ["files"])
    ExportFile.objects.filter(pk__in=[file.pk for file in gone]).delete()
    return paths
