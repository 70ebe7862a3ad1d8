"""Keeps the list of erasures beside the backups: a restored older backup erases again what it brings back.

The list names contacts and customers by number only, so it lies open, also beside encrypted backups.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils.translation import gettext as _

from supportdesk.backup.bucket_backups import BucketBackups, is_bucket
from supportdesk.models import ErasedKind, Erasure
from supportdesk.personal_data.erasing import carry_on, start
from supportdesk.personal_data.subjects import Subject, traces_of
from tickets.errors import DeskError
from tickets.services.erasing import remove_erased_files

LIST = "erasures.jsonl"


def place_of_list() -> str:
    """Beside the desk's own backups; without them in the desk's folder."""
    return settings.BACKUP_FOLDER or str(settings.VAR_DIR)


def keep_list(place: str) -> int:
    """Write down the erasures of this desk beside those that the list has already. Returns how many it has."""
    known = read_list(place)
    listed = {_identity(line): line for line in [*known, *_lines_of_this_desk()]}
    lines = [listed[key] for key in sorted(listed)]
    if lines != known:
        _write(place, b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return len(lines)


def _lines_of_this_desk() -> list[dict[str, Any]]:
    """None before the migration that brings them: whoever updates makes a backup first, by the new code."""
    if Erasure._meta.db_table not in connection.introspection.table_names():
        return []
    return [_line_of(erasure) for erasure in Erasure.objects.select_related("actor")]


def read_list(place: str) -> list[dict[str, Any]]:
    """The erasures that a list in this folder or bucket, or a file of that content, names; empty if there is none."""
    if is_bucket(place):
        content = BucketBackups(place).read_beside(LIST)
    else:
        path = Path(place)
        file = path / LIST if path.is_dir() else path
        content = file.read_bytes() if file.is_file() else b""
    try:
        return [orjson.loads(line) for line in content.splitlines() if line.strip()]
    except orjson.JSONDecodeError as error:
        raise DeskError(_("The list of erasures in %(place)s cannot be read.") % {"place": place}) from error


def list_beside(backup: str) -> str:
    """Where the list of a backup is that is restored: beside it, or in the folder or bucket that has the backups."""
    if is_bucket(backup):
        return backup
    folder = Path(backup).resolve()
    return str(folder if (folder / LIST).is_file() else folder.parent)


def repeat_erasures(lines: list[dict[str, Any]], *, read_clock: Callable[[], datetime]) -> int:
    """Erase again what a restored backup has brought back, and end what was under way in it. Returns how many."""
    ContentType.objects.clear_cache()
    for line in lines:
        _begin_again(line)
    left = list(Erasure.objects.filter(done_at=None).order_by("at").values_list("pk", flat=True))
    for erasure in left:
        carry_on(erasure, read_clock=read_clock, may_go_on=lambda: True)
    remove_erased_files()
    return len(left)


@transaction.atomic
def _begin_again(line: dict[str, Any]) -> None:
    """With the decision as it was made. A contact or customer that the backup does not have needs none."""
    subject, at = Subject(ErasedKind(line["kind"]), line["number"]), datetime.fromisoformat(line["at"])
    if (
        subject.row() is None
        or Erasure.objects.filter(kind=subject.kind, number=subject.number, at=at).exists()
    ):
        return
    erasure = Erasure(
        kind=subject.kind,
        number=subject.number,
        at=at,
        requested_by=line["requested_by"],
        reason=line["reason"],
        though_open=line["though_open"],
        actor=_actor(line["actor"]),
    )
    start(erasure, subject, traces_of(subject))


def _actor(username: str) -> User:
    """Who decided it; of a backup from before they came, an administrator."""
    actor = User.objects.filter(username=username).first()
    actor = actor or User.objects.filter(is_superuser=True).order_by("pk").first()
    if actor is None:
        raise DeskError(_("An erasure cannot be repeated: nobody in the backup may erase."))
    return actor


def _line_of(erasure: Erasure) -> dict[str, Any]:
    return {
        "kind": erasure.kind,
        "number": erasure.number,
        "at": erasure.at.isoformat(),
        "requested_by": erasure.requested_by,
        "reason": erasure.reason,
        "though_open": erasure.though_open,
        "actor": erasure.actor.get_username(),
    }


def _identity(line: dict[str, Any]) -> tuple[str, str, int]:
    return line["at"], line["kind"], line["number"]


def _write(place: str, content: bytes) -> None:
    """Whole or not at all."""
    if is_bucket(place):
        BucketBackups(place).write_beside(LIST, content)
        return
    folder = Path(place)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".{LIST}"
    draft.write_bytes(content)
    draft.replace(folder / LIST)
