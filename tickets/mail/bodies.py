"""Finds what a person reads in a mail: text parts in order, HTML from an alternative, everything else attached."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import unescape
from urllib.parse import unquote

from tickets.mail.attachments import extract_uuencoded, part_attachments
from tickets.mail.charsets import decode
from tickets.mail.html import MAX_HTML_CHARS
from tickets.mail.html_text import html_text
from tickets.mail.inline_images import extract_inline_images
from tickets.mail.invitations import invitation_text
from tickets.mail.mime_tree import MimePart, read_tree
from tickets.mail.rendering import Rendering, render
from tickets.mail.repair import repair_head
from tickets.mail.storable_text import storable
from tickets.mail.values import MailNote, ParsedAttachment, Segment, UnreadableMail
from tickets.mail.winmail import is_winmail, unpack_winmail

_SHOWN_ID = re.compile(r'src="cid:([^"]+)"')
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_REPEATED = ("From", "Date", "Subject", "To")
_READABLE = ("text/plain", "text/html", "text/markdown", "text/enriched", "text/richtext", "text/x-amp-html")


@dataclass(frozen=True, slots=True)
class Body:
    """`segments` joined are the whole text; `html` is sanitised, or None when the mail has none."""

    segments: tuple[Segment, ...]
    html: str | None
    attachments: tuple[ParsedAttachment, ...]
    notes: tuple[MailNote, ...]

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)


@dataclass(slots=True)
class _Collected:
    """Texts and files in reading order."""

    renderings: list[Rendering] = field(default_factory=list)
    attachments: list[ParsedAttachment] = field(default_factory=list)

    @property
    def is_blank(self) -> bool:
        return all(rendering.is_blank for rendering in self.renderings)

    def add_plain(self, text: str) -> None:
        rest, files = extract_uuencoded(text)
        self.attachments += files
        self.renderings.append(Rendering(rest))

    def add_html(self, html: str) -> None:
        changed, images = extract_inline_images(html)
        self.attachments += images
        self.renderings.append(Rendering("", changed))


def read_body(root: MimePart, *, is_forward: bool = False) -> Body:
    """Text, HTML and attachments of the whole tree; `is_forward` is what the subject says."""
    collected = _Collected()
    _collect(root, collected)
    if collected.is_blank:
        _collect_stray(root, collected)
    if collected.is_blank:
        _collect_attached_words(collected)
    rendered = render(collected.renderings, _image_ids(collected.attachments), is_forward=is_forward)
    shown = _shown_ids(rendered.html or "")
    attachments = tuple(_shown_inline(attachment, shown) for attachment in collected.attachments)
    return Body(rendered.segments, rendered.html, attachments, rendered.notes)


def _image_ids(attachments: Sequence[ParsedAttachment]) -> dict[str, str]:
    """Content-IDs of images by their file names: some mailers write `src="image002.png"`."""
    images = [
        attachment
        for attachment in attachments
        if attachment.content_id and attachment.content_type.startswith("image/")
    ]
    by_id = {image.content_id.partition("@")[0].lower(): image.content_id for image in images}
    return by_id | {image.name.lower(): image.content_id for image in images}


def _shown_inline(one: ParsedAttachment, shown: set[str]) -> ParsedAttachment:
    """The attachment, marked inline if the HTML shows it, whatever its disposition says."""
    is_shown = one.content_type.startswith("image/") and one.content_id in shown
    return one if one.is_inline == is_shown else replace(one, is_inline=is_shown)


def _shown_ids(html: str) -> set[str]:
    return (
        {unquote(unescape(content_id)) for content_id in _SHOWN_ID.findall(html)} if "cid:" in html else set()
    )


def _collect(part: MimePart, into: _Collected) -> None:
    if not part.children:
        _collect_leaf(part, into)
    elif part.type == "multipart/alternative":
        _collect_alternative(part, into)
    elif part.type == "multipart/related":
        _collect_related(part, into)
    else:
        for child in part.children:
            _collect(child, into)


def _collect_leaf(part: MimePart, into: _Collected) -> None:
    if not _is_body(part, into):
        into.attachments += part_attachments(part)
    elif _is_html(part):
        into.add_html(_text(part))
    else:
        into.add_plain(_flowed(part))


def _collect_alternative(part: MimePart, into: _Collected) -> None:
    """Collect one rendering of alternatives that say the same: HTML is shown, the plain text kept beside it."""
    inner = _Collected()
    for child in part.children:
        _collect(child, inner)
    htmls = [rendering.html for rendering in inner.renderings if rendering.html.strip()]
    plains = [rendering for rendering in inner.renderings if rendering.plain.strip()]
    into.attachments += inner.attachments
    if htmls:
        into.renderings.append(Rendering(plains[0].plain if plains else "", "\n".join(htmls)))
    else:
        into.renderings += plains


def _collect_related(part: MimePart, into: _Collected) -> None:
    """Read the root part, wherever it comes in the order; the others are what it shows."""
    start = part.content_type.get("start").strip("<> ")
    roots = [child for child in part.children if start and _content_id(child) == start]
    root = (roots or list(part.children))[0]
    for child in (root, *(child for child in part.children if child is not root)):
        _collect(child, into)


def _content_id(part: MimePart) -> str:
    return part.headers.first("Content-ID").decode("latin-1").strip("<> ")


def _is_body(part: MimePart, so_far: _Collected) -> bool:
    """True for a text part that is not a file: neither declared as one nor, below other text, given a name."""
    if part.type not in _READABLE and not _is_unknown_text(part):
        return False
    if part.disposition.value == "attachment":
        return False
    return not (part.filename and so_far.renderings)


def _is_unknown_text(part: MimePart) -> bool:
    return (
        part.main_type == "text"
        and not part.filename
        and part.type not in ("text/calendar", "text/rfc822-headers")
    )


def _is_html(part: MimePart) -> bool:
    if part.type in ("text/html", "text/x-amp-html"):
        return True
    opening = part.body[:200].lstrip().lower()
    return part.type == "text/plain" and opening.startswith((b"<!doctype html", b"<html"))


def _text(part: MimePart) -> str:
    charset = part.content_type.get("charset") or _meta_charset(part)
    return storable(decode(part.body, charset, hint=part.headers.hint))


def _meta_charset(part: MimePart) -> str:
    """The charset that HTML declares in its own meta tag, for parts without one in their header."""
    match = _META_CHARSET.search(part.body[:4_096]) if _is_html(part) else None
    return match[1].decode("ascii") if match else ""


def _flowed(part: MimePart) -> str:
    """The plain text with format=flowed lines joined (RFC 3676); quoted lines stay as they are."""
    text = _text(part)
    if part.content_type.get("format").lower() != "flowed":
        return text
    glue = "" if part.content_type.get("delsp").lower() == "yes" else " "
    return _unflowed(text.split("\n"), glue)


def _unflowed(lines: list[str], glue: str) -> str:
    pieces: list[str] = []
    for line in lines:
        is_soft = line.endswith(" ") and not line.startswith(">") and line != "-- "
        unstuffed = line[1:] if line.startswith(" ") else line
        pieces.append(unstuffed.rstrip(" ") + glue if is_soft else unstuffed + "\n")
    return "".join(pieces).removesuffix("\n")


def _collect_stray(root: MimePart, into: _Collected) -> None:
    """Read text outside any part, or inside a winmail.dat, when there is no other."""
    for data in root.stray:
        text = storable(decode(data)).strip()
        if text and not text.lower().startswith("this is a multi"):
            into.add_plain(text)
    for attachment in into.attachments:
        if is_winmail(attachment.name, attachment.content_type, attachment.data):
            into.renderings.append(Rendering(unpack_winmail(attachment.data).text))


def _collect_attached_words(into: _Collected) -> None:
    """Give a mail without words of its own the words of what is attached: a mail or an invitation."""
    for attachment in into.attachments:
        if attachment.content_type == "message/rfc822":
            into.renderings.append(Rendering(_forwarded_words(attachment.data)))
            return
    for attachment in into.attachments:
        if attachment.content_type in ("text/calendar", "application/ics"):
            into.renderings.append(Rendering(invitation_text(attachment.data)))
            return


def _forwarded_words(source: bytes) -> str:
    """An attached mail written out as mail programs quote one in the text, beginning with their forward mark."""
    try:
        mended, _ = repair_head(source)
    except UnreadableMail:
        return ""
    root, _ = read_tree(mended)
    heads = [f"{name}: {root.headers.text(name)}" for name in _REPEATED if root.headers.first(name)]
    inner = _Collected()
    _collect(root, inner)
    shown = [rendering for rendering in inner.renderings if not rendering.is_blank]
    if not (heads or shown):
        return ""
    words = "\n\n".join(rendering.plain or html_text(rendering.html[:MAX_HTML_CHARS]) for rendering in shown)
    return "\n".join([f"{'-' * 10} Forwarded message {'-' * 9}", *heads, "", words.strip()])
