"""Hands out everything that the desk holds about a contact or customer: a zip of JSON and files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, Model
from django.utils.translation import gettext as _

from customers.encrypted_field import EncryptedTextField
from customers.search.column import TokensField
from supportdesk.personal_data.belongings import APART, Keys, belongings_of, chunks
from supportdesk.personal_data.columns import INDEXES
from supportdesk.personal_data.subjects import Subject, traces_of
from tickets.errors import DeskError
from tickets.models import Attachment, InboundEmail, Message, RawMail, Ticket

MAY_EXPORT = "supportdesk.export_people"
# Secrets, and bytes that are files of their own.
LEFT_OUT = (EncryptedTextField, BinaryField, TokensField)


def export_personal_data(*, subject: Subject, actor: User, at: datetime, target: IO[bytes]) -> Counter[str]:
    """Write the zip and note in the history who took it. Returns the number of rows by table. Raises DeskError.

    ``tables/`` has a JSON list for each kind of row, as the desk stores them; ``files/`` the files and ``mails/`` the
    mails as they came, by the keys of their rows.
    """
    if not actor.has_perm(MAY_EXPORT):
        raise DeskError(_("You may not export personal data."))
    if subject.row() is None:
        raise DeskError(_("There is no such contact or customer."))
    with TemporaryDirectory(prefix="personal-data-") as folder, ZipFile(target, "w", ZIP_DEFLATED) as archive:
        counts = _Export(Path(folder), archive).write(subject)
        about = {"kind": subject.kind, "number": subject.number, "made_at": at, "rows": counts}
        archive.writestr("about.json", json.dumps(about, cls=DjangoJSONEncoder, indent=2))
    LogEntry.objects.create(
        user=actor,
        content_type=ContentType.objects.get_for_model(subject.model),
        object_id=str(subject.number),
        object_repr=subject.mark,
        action_flag=CHANGE,
        action_time=at,
        change_message="Personal data exported.",
    )
    return counts


class _Export:
    def __init__(self, folder: Path, archive: ZipFile) -> None:
        self.folder, self.archive, self.counts = folder, archive, Counter[str]()
        self._written: dict[type[Model], set[Any]] = {}

    def write(self, subject: Subject) -> Counter[str]:
        with ExitStack() as self._open:
            self._lists: dict[str, IO[str]] = {}
            for rows in _all_rows(subject):
                for model, keys in rows.items():
                    self._add(model, keys)
            for opened in self._lists.values():
                opened.write("\n]\n")
        for name in sorted(self._lists):
            self.archive.write(self.folder / name, f"tables/{name}.json")
        return self.counts

    def _add(self, model: type[Model], keys: set[Any]) -> None:
        known = self._written.setdefault(model, set())
        for some in chunks(keys - known):
            rows: Any = model._base_manager.filter(pk__in=some).order_by("pk")
            if model is Attachment:
                self._add_files(rows)
            elif model is InboundEmail:
                self._add_mails(rows.select_related("moved_bytes"))
            if model is not RawMail:
                for row in rows.iterator(100):
                    self._add_row(model, row)
        known |= keys

    def _add_row(self, model: type[Model], row: Any) -> None:
        fields = (field for field in model._meta.concrete_fields if not isinstance(field, LEFT_OUT))
        values = {field.attname: getattr(row, field.attname) for field in fields}
        name = model._meta.label_lower
        if name not in self._lists:
            self._lists[name] = self._open.enter_context((self.folder / name).open("w", encoding="utf-8"))
        self._lists[name].write(",\n" if self.counts[name] else "[\n")
        self._lists[name].write(json.dumps(values, cls=_Encoder, ensure_ascii=False))
        self.counts[name] += 1

    def _add_files(self, rows: Any) -> None:
        """Under the key of the row, which has its name: two may have the same."""
        for attachment in rows:
            try:
                with default_storage.open(attachment.file.name, "rb") as content:
                    self.archive.writestr(f"files/{attachment.pk}", content.read())
            except FileNotFoundError:
                continue

    def _add_mails(self, rows: Any) -> None:
        for mail in rows.iterator(10):
            if original := mail.original:
                self.archive.writestr(f"mails/{mail.pk}.eml", original)


class _Encoder(DjangoJSONEncoder):
    def default(self, value: Any) -> Any:
        return str(value) if not isinstance(value, datetime) else super().default(value)


def _all_rows(subject: Subject) -> Iterator[Keys]:
    """Theirs that belong to no ticket, their tickets some at a time, and what they wrote elsewhere."""
    traces = traces_of(subject)
    yield _exported(belongings_of({subject.model: {subject.number}}, without=APART))
    for keys in chunks(subject.tickets.values_list("pk", flat=True).iterator()):
        yield _exported(belongings_of({Ticket: keys}))
    elsewhere = subject.messages_elsewhere(traces).order_by("pk").values_list("pk", flat=True)
    for keys in chunks(elsewhere.iterator()):
        yield _exported(belongings_of({Message: keys}, without={Ticket}))
    for keys in chunks(subject.mails_without_ticket(traces).values_list("pk", flat=True)):
        yield _exported(belongings_of({InboundEmail: keys}))


def _exported(rows: Keys) -> Keys:
    return {model: keys for model, keys in rows.items() if model not in INDEXES}
