"""Opens a mail that is attached to a message: its head, its words, its HTML in a frame, and its own files.

It is read from the stored file each time. ``?in=2-0`` leads to the first file of the third file: a mail may have mails
attached, as deep as DEEPEST.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from tickets.mail import ParsedAttachment, ParsedMail, UnreadableMail, parse
from tickets.mail_note_text import notes_for_readers
from tickets.models import Attachment, Ticket
from tickets.models.message import is_attached_mail
from tickets.views import InlineImage, download, embedded, framed, permitted_attachment

DEEPEST = 5
PLACE = re.compile(r"\d{1,4}(?:-\d{1,4})*")


@dataclass(frozen=True)
class AttachedFile:
    """A file of the opened mail and where it is."""

    file: ParsedAttachment
    place: str

    @property
    def is_mail(self) -> bool:
        return self.place.count("-") < DEEPEST and is_attached_mail(self.file.content_type, self.file.name)

    @property
    def size(self) -> int:
        return len(self.file.data)


@dataclass(frozen=True)
class OpenedMail:
    """``mail`` is None if the bytes are no mail."""

    stored: Attachment
    place: str
    mail: ParsedMail | None

    @property
    def files(self) -> Iterator[AttachedFile]:
        before = f"{self.place}-" if self.place else ""
        files = self.mail.attachments if self.mail else ()
        return (
            AttachedFile(file, f"{before}{number}") for number, file in enumerate(files) if not file.is_inline
        )

    @property
    def notes(self) -> list[str]:
        return notes_for_readers(self.mail.notes) if self.mail else []


@require_safe
def attached_mail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page. A mail that the user may not see seems not to exist."""
    opened = _opened(request, pk)
    message = opened.stored.message
    context = {
        **admin.site.each_context(request),
        "opts": Ticket._meta,
        "title": (opened.mail.subject if opened.mail else "") or opened.stored.name,
        "opened": opened,
        "mail": opened.mail,
        "ticket": message.ticket,
        "message": message,
    }
    return TemplateResponse(request, "supportdesk/attached_mail.html", context)


@require_safe
@xframe_options_sameorigin
def attached_mail_frame(request: HttpRequest, pk: int) -> HttpResponse:
    """Its sanitised HTML, as inert as that of a message."""
    opened = _opened(request, pk)
    mail = opened.mail
    if mail is None or not mail.html:
        raise Http404
    images = (
        InlineImage(file.content_id, file.content_type, len(file.data), partial(bytes, file.data))
        for file in mail.attachments
        if file.content_id
    )
    return framed(embedded(mail.html, images), request, opened.stored.message)


@require_safe
def attached_mail_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Download one of its files."""
    around, _dash, number = request.GET.get("in", "").rpartition("-")
    file = _file_of(_opened(request, pk, place=around).mail, number)
    return download(BytesIO(file.data), file.name, file.content_type)


def _opened(request: HttpRequest, pk: int, *, place: str | None = None) -> OpenedMail:
    """The mail at the place that the address names. Raises Http404 if there is none."""
    stored = permitted_attachment(request, pk)
    place = request.GET.get("in", "") if place is None else place
    if not stored.is_mail or (place and not PLACE.fullmatch(place)) or place.count("-") >= DEEPEST:
        raise Http404
    try:
        with stored.file.open("rb") as content:
            data = content.read()
    except FileNotFoundError as error:
        raise Http404(_("The file is missing from the storage. Restore it from a backup.")) from error
    mail = _parsed(data)
    for number in filter(None, place.split("-")):
        file = _file_of(mail, number)
        if not is_attached_mail(file.content_type, file.name):
            raise Http404
        mail = _parsed(file.data)
    return OpenedMail(stored, place, mail)


def _parsed(data: bytes) -> ParsedMail | None:
    try:
        return parse(data)
    except UnreadableMail:
        return None


def _file_of(mail: ParsedMail | None, number: str) -> ParsedAttachment:
    files = mail.attachments if mail else ()
    if not PLACE.fullmatch(number) or int(number) >= len(files):
        raise Http404
    return files[int(number)]
