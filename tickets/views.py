"""Files that pages link to or load: attachments, original mails, and the HTML of a mail in its own frame."""

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import IO, TypeVar, cast

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from customers import time_of_record
from tickets.access import visible_attachments, visible_inbound, visible_tickets
from tickets.models import Attachment, Message
from tickets.remote_images import LIVES, image_for, through_the_desk
from tickets.services.intake.erased_mail import is_erased

SAFE_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
HARMLESS = {*SAFE_IMAGES, "text/plain", "application/pdf"}  # all other types are sent as plain bytes
UNSAFE_IN_NAMES = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069/\\]")
RowT = TypeVar("RowT", bound=Model)
MOST_INLINE_BYTES = 5_000_000
FRAME_POLICY = (
    "default-src 'none'; img-src data:{own}; style-src-elem 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
CONTENT_ID = re.compile(r'src="cid:([^"]+)"', re.IGNORECASE)


@require_safe
def attachment(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Download a file, which the browser never shows. A file the user may not see seems not to exist."""
    stored = permitted_attachment(request, pk)
    try:
        content = stored.file.open("rb")
    except FileNotFoundError as error:
        raise Http404(_("The file is missing from the storage. Restore it from a backup.")) from error
    return download(content, stored.name, stored.content_type)


def permitted_attachment(request: HttpRequest, pk: int) -> Attachment:
    """The file, if the user may see its ticket. Raises Http404."""
    visible = _permitted(visible_attachments(request.user), request, "tickets.view_ticket")
    return get_object_or_404(visible, pk=pk)


def download(content: IO[bytes], name: str, content_type: str) -> HttpResponseBase:
    """A file that the browser stores and never shows."""
    kind = content_type if content_type in HARMLESS else "application/octet-stream"
    response = FileResponse(content, as_attachment=True, filename=download_name(name), content_type=kind)
    return _make_harmless(response)


@require_safe
def original(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Download a mail byte for byte as it reached us."""
    mails = _permitted(visible_inbound(request.user), request, "tickets.view_inboundemail")
    mail = get_object_or_404(mails, pk=pk)
    if is_erased(mail):
        raise Http404(_("The words of this email are erased."))
    response = HttpResponse(mail.original, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="mail-{mail.pk}.eml"'
    return _make_harmless(response)


def download_name(name: str) -> str:
    """A sender's file name without anything that could fake a path, a header line or a reading direction."""
    return UNSAFE_IN_NAMES.sub("_", name).strip(" .") or "file"


def _permitted(rows: QuerySet[RowT], request: HttpRequest, permission: str) -> QuerySet[RowT]:
    return rows if request.user.has_perm(permission) else rows.none()


def _make_harmless(response: HttpResponseBase) -> HttpResponseBase:
    """Set headers so that no browser runs anything in these bytes under the desk's name."""
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_safe
@xframe_options_sameorigin
def mail_frame(request: HttpRequest, pk: int) -> HttpResponse:
    """The sanitised HTML of a message. Even unsanitised it could do nothing: no script, no form, no origin.

    ``?images=1`` shows remote images too: the desk fetches them, so the sender learns that the mail is being read, and
    not by whom.
    """
    message = get_object_or_404(Message.objects.select_related("ticket"), pk=pk)
    if not visible_tickets(request.user).filter(pk=message.ticket_id).exists():
        raise Http404
    return framed(framed_body(message), request, message)


def framed(body: str, request: HttpRequest, message: Message) -> HttpResponse:
    """A sanitised HTML as a page that stands in a frame and can do nothing but show images of the desk's."""
    if request.GET.get("images") == "1":
        reader = cast(User, request.user)
        body = through_the_desk(body, message=message.pk, reader=reader.pk, at=time_of_record.now())
    nonce = request.csp_nonce  # type: ignore[attr-defined] # django-csp sets it
    context = {"body": mark_safe(body), "nonce": nonce}  # noqa: S308 sanitised when stored, inert by policy
    response = HttpResponse(render_to_string("tickets/mail_frame.html", context))
    policy = FRAME_POLICY.format(own=f" {_own_origin(request)}", nonce=nonce)
    response.headers["Content-Security-Policy"] = policy
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _own_origin(request: HttpRequest) -> str:
    """Named, as a sandboxed page has no origin of its own that 'self' could mean."""
    return f"{request.scheme}://{request.get_host()}"


@require_safe
def remote_image(request: HttpRequest, token: str) -> HttpResponse:
    """An image of a mail on a foreign host. The token stands for the session, which a sandboxed frame does not send."""
    kind, data = image_for(token, at=time_of_record.now())
    if not kind:
        raise Http404
    response = _make_harmless(HttpResponse(data, content_type=kind))
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # the frame has no origin
    response.headers["Cache-Control"] = f"private, max-age={int(LIVES.total_seconds())}"
    response.headers["Referrer-Policy"] = "no-referrer"
    return cast(HttpResponse, response)


def framed_body(message: Message) -> str:
    """The HTML with the message's own images embedded, as a sandboxed frame sends no session."""
    own = message.attachments.exclude(content_id="")
    images = [
        InlineImage(file.content_id, file.content_type, file.size, partial(_read, file)) for file in own
    ]
    return embedded(message.html, images)


@dataclass(frozen=True)
class InlineImage:
    """A file of a mail with a Content-ID; ``read`` gives its bytes."""

    content_id: str
    content_type: str
    size: int
    read: Callable[[], bytes]


def embedded(html: str, images: Iterable[InlineImage]) -> str:
    """The sanitised HTML with its own images as `data:` addresses, as long as they fit.

    Without SVG, which can carry scripts.
    """
    addresses: dict[str, str] = {}
    left = MOST_INLINE_BYTES
    for image in images:
        if image.content_type in SAFE_IMAGES and image.size <= left:
            left -= image.size
            encoded = base64.b64encode(image.read()).decode("ascii")
            addresses[image.content_id.lower()] = f"data:{image.content_type};base64,{encoded}"
    return CONTENT_ID.sub(lambda match: f'src="{addresses.get(match[1].lower(), "")}"', html)


def _read(file: Attachment) -> bytes:
    try:
        with file.file.open("rb") as content:
            return bytes(content.read())
    except OSError:  # the words are shown without the picture; its download says what is wrong
        return b""
