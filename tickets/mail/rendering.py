"""Combines the texts of a mail: one text in segments, and one HTML that is safe to show."""

import html as html_escape
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tickets.mail.html import MAX_HTML_CHARS, parse_html
from tickets.mail.html_text import loose_text
from tickets.mail.quotes import has_fold, split_html, split_text
from tickets.mail.sanitise import sanitised
from tickets.mail.values import MailNote, Segment, SegmentKind

MAX_TEXT_CHARS = 1_000_000


@dataclass(frozen=True, slots=True)
class Rendering:
    """One text of the mail as `plain`, as `html`, or as both if they say the same."""

    plain: str
    html: str = ""

    @property
    def is_blank(self) -> bool:
        return not (self.plain.strip() or self.html.strip())


@dataclass(frozen=True, slots=True)
class Rendered:
    """`segments` joined are the whole text; `html` is sanitised, or None if there is none to show."""

    segments: tuple[Segment, ...]
    html: str | None
    notes: tuple[MailNote, ...] = ()


def render(
    renderings: Sequence[Rendering], image_ids: Mapping[str, str], *, is_forward: bool = False
) -> Rendered:
    """All texts in reading order; among HTML, plain ones are shown as HTML too. `image_ids`: see `sanitised`."""
    shown = [rendering for rendering in renderings if not rendering.is_blank]
    if not any(rendering.html for rendering in shown):
        return _plain_only(
            "\n\n".join(rendering.plain.strip("\n") for rendering in shown), is_forward=is_forward
        )
    html = "\n<hr>\n".join(rendering.html or _as_html(rendering.plain) for rendering in shown)
    plain = (
        "\n\n".join(rendering.plain for rendering in shown)
        if all(rendering.plain.strip() for rendering in shown)
        else ""
    )
    if len(html) > MAX_HTML_CHARS:
        return _too_large(plain, html, image_ids, is_forward=is_forward)
    return _both(plain, html, image_ids, is_forward=is_forward)


def _plain_only(text: str, *, is_forward: bool) -> Rendered:
    notes = (MailNote.TEXT_CUT,) if len(text) > MAX_TEXT_CHARS else ()
    return Rendered(split_text(_tidy(text), is_forward=is_forward), None, notes)


def _too_large(plain: str, html: str, image_ids: Mapping[str, str], *, is_forward: bool) -> Rendered:
    """Show a truncated HTML, but keep the whole text, read from outside the tags."""
    text = _plain_only(plain.strip() or loose_text(html), is_forward=is_forward)
    return Rendered(
        text.segments, sanitised(parse_html(html), image_ids) or None, (*text.notes, MailNote.HTML_CUT)
    )


def _both(plain: str, html: str, image_ids: Mapping[str, str], *, is_forward: bool) -> Rendered:
    """Find quotes in the HTML, which marks them best; if it marks none, use a complete plain text instead."""
    tree = parse_html(html)
    segments = split_html(tree, is_forward=is_forward)
    text = "".join(segment.text for segment in segments)
    if not has_fold(segments) and _is_full(plain, text):
        segments = split_text(_tidy(plain), is_forward=is_forward)
    return Rendered(_trimmed(segments), sanitised(tree, image_ids) or None)


def _is_full(plain: str, text: str) -> bool:
    """True if it is not a stub such as "please use an HTML viewer"."""
    return bool(plain.strip()) and len(plain.split()) * 2 >= len(text.split()) and len(plain) * 2 >= len(text)


def _trimmed(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """The segments without blanks before the first word and after the last, and without segments that become empty."""
    kept = [segment for segment in segments if segment.text]
    while kept and not kept[0].text.strip():
        kept.pop(0)
    while kept and not kept[-1].text.strip():
        kept.pop()
    if not kept:
        return (Segment(SegmentKind.NEW, ""),)
    kept[0] = Segment(kept[0].kind, kept[0].text.lstrip())
    kept[-1] = Segment(kept[-1].kind, kept[-1].text.rstrip())
    return tuple(kept)


def _tidy(text: str) -> str:
    """The text without blanks at line ends, except in a signature mark, and without empty lines around it."""
    lines = text[:MAX_TEXT_CHARS].replace("\xa0", " ").split("\n")
    return "\n".join(line if line == "-- " else line.rstrip() for line in lines).strip("\n").rstrip()


def _as_html(plain: str) -> str:
    return "<div>" + html_escape.escape(plain).replace("\n", "<br>") + "</div>"
