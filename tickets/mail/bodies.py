"""What a person reads of a mail: text parts in order, HTML inside an alternative, the rest attached."""

import html as html_escape
from collections.abc import Callable
from dataclasses import dataclass, field

from tickets.mail.attachments import extract_uuencoded, part_attachments
from tickets.mail.charsets import decode
from tickets.mail.html import MAX_HTML_CHARS, loose_text, parse_html
from tickets.mail.inline_images import extract_inline_images
from tickets.mail.quotes import has_fold, split_html, split_text
from tickets.mail.sanitise import sanitised
from tickets.mail.scrub import storable
from tickets.mail.tree import Part
from tickets.mail.values import ParsedAttachment, Segment, SegmentKind

MAX_TEXT_CHARS = 1_000_000

_READABLE = ("text/plain", "text/html", "text/markdown", "text/enriched", "text/richtext", "text/x-amp-html")


@dataclass(frozen=True, slots=True)
class Body:
    """`segments` joined are the whole text; `html` is sanitised, None when the mail has none."""

    segments: tuple[Segment, ...]
    html: str | None
    attachments: tuple[ParsedAttachment, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Collected:
    """Plain and HTML renderings in reading order; either is empty where a part has only the other."""

    renderings: list[tuple[str, str]] = field(default_factory=list)
    attachments: list[ParsedAttachment] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add_plain(self, text: str) -> None:
        rest, files = extract_uuencoded(text)
        self.attachments += files
        self.renderings.append((rest, ""))

    def add_html(self, html: str, plain: str = "") -> None:
        changed, images = extract_inline_images(html)
        self.attachments += images
        self.renderings.append((plain, changed))


def read_body(root: Part) -> Body:
    """Text, HTML and attachments of the whole tree."""
    collected = _Collected()
    _collect(root, collected)
    if not any(plain.strip() or html.strip() for plain, html in collected.renderings):
        _collect_stray(root, collected)
    segments, html = _rendered(collected)
    return Body(segments, html, tuple(collected.attachments), tuple(dict.fromkeys(collected.notes)))


def _collect(part: Part, into: _Collected) -> None:
    if not part.children:
        _collect_leaf(part, into)
    elif part.type == "multipart/alternative":
        _collect_alternative(part, into)
    elif part.type == "multipart/related":
        _collect_related(part, into)
    else:
        for child in part.children:
            _collect(child, into)


def _collect_leaf(part: Part, into: _Collected) -> None:
    if not _is_body(part, into):
        into.attachments += part_attachments(part)
    elif _is_html(part):
        into.add_html(_text(part))
    else:
        into.add_plain(_flowed(part))


def _collect_alternative(part: Part, into: _Collected) -> None:
    """One rendering of the same words: HTML is shown, the plain text kept beside it."""
    inner = _Collected()
    for child in part.children:
        _collect(child, inner)
    htmls = [html for _, html in inner.renderings if html.strip()]
    plains = [plain for plain, html in inner.renderings if plain.strip() and not html]
    into.attachments += inner.attachments
    into.notes += inner.notes
    if htmls:
        into.renderings.append(("\n".join(plains[:1]), "\n".join(htmls)))
    else:
        into.renderings += [(plain, "") for plain in plains]


def _collect_related(part: Part, into: _Collected) -> None:
    """The root part is read, wherever it stands; the others are what it shows."""
    start = part.content_type.get("start").strip("<> ")
    roots = [child for child in part.children if start and _content_id(child) == start]
    root = (roots or list(part.children))[0]
    for child in (root, *(child for child in part.children if child is not root)):
        _collect(child, into)


def _content_id(part: Part) -> str:
    return part.headers.first("Content-ID").decode("latin-1").strip("<> ")


def _is_body(part: Part, so_far: _Collected) -> bool:
    """A text part is read unless it is a file: declared as one, or named and not the first."""
    if part.type not in _READABLE and not _is_unknown_text(part):
        return False
    if part.disposition.value == "attachment":
        return False
    return not (part.filename and so_far.renderings)


def _is_unknown_text(part: Part) -> bool:
    return (
        part.main_type == "text"
        and not part.filename
        and part.type not in ("text/calendar", "text/rfc822-headers")
    )


def _is_html(part: Part) -> bool:
    if part.type in ("text/html", "text/x-amp-html"):
        return True
    opening = part.body[:200].lstrip().lower()
    return part.type == "text/plain" and opening.startswith((b"<!doctype html", b"<html"))


def _text(part: Part) -> str:
    return storable(decode(part.body, part.content_type.get("charset"), hint=part.headers.hint))


def _flowed(part: Part) -> str:
    """Plain text; format=flowed lines are joined (RFC 3676), quoted ones stay as they are."""
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


def _collect_stray(root: Part, into: _Collected) -> None:
    """Text outside of any part is read when there is no other."""
    for data in root.stray:
        text = storable(decode(data)).strip()
        if text and not text.lower().startswith("this is a multi"):
            into.add_plain(text)


def _rendered(collected: _Collected) -> tuple[tuple[Segment, ...], str | None]:
    shown = [(plain, html) for plain, html in collected.renderings if plain.strip() or html.strip()]
    if not any(html for _, html in shown):
        return split_text(_tidy("\n\n".join(plain.strip("\n") for plain, _ in shown), collected)), None
    whole = "\n<hr>\n".join(html or _as_html(plain) for plain, html in shown)
    if len(whole) > MAX_HTML_CHARS:
        collected.notes.append("HTML was cut")
    tree = parse_html(whole)
    plain = "\n\n".join(plain for plain, _ in shown) if all(plain.strip() for plain, _ in shown) else ""
    segments = _best_segments(plain, whole, lambda: split_html(tree), collected)
    return segments, sanitised(tree)


def _best_segments(
    plain: str, html: str, by_elements: Callable[[], tuple[Segment, ...]], collected: _Collected
) -> tuple[Segment, ...]:
    """The HTML knows best where quotes begin; a full plain text beside it reads better when it has none."""
    if len(html) > MAX_HTML_CHARS:
        return split_text(_tidy(plain.strip() or loose_text(html), collected))
    from_html = by_elements()
    text = "".join(segment.text for segment in from_html)
    is_full = len(plain.split()) * 2 >= len(text.split()) and len(plain) * 2 >= len(text)
    if has_fold(from_html) or not (plain.strip() and is_full):
        return _tidy_segments(from_html)
    return split_text(_tidy(plain, collected))


def _tidy_segments(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    kept = [segment for segment in segments if segment.text]
    if kept:
        kept[0] = Segment(kept[0].kind, kept[0].text.lstrip())
        kept[-1] = Segment(kept[-1].kind, kept[-1].text.rstrip())
    return tuple(kept) or (Segment(SegmentKind.NEW, ""),)


def _tidy(text: str, collected: _Collected) -> str:
    if len(text) > MAX_TEXT_CHARS:
        collected.notes.append("text was cut")
    lines = text[:MAX_TEXT_CHARS].replace("\xa0", " ").split("\n")
    return "\n".join(line if line == "-- " else line.rstrip() for line in lines).strip("\n").rstrip()


def _as_html(plain: str) -> str:
    return "<div>" + html_escape.escape(plain).replace("\n", "<br>") + "</div>"
