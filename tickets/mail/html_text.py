"""Reads HTML as text: every word in it, with the line breaks that a browser would show."""

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tickets.mail.html import parse_html, tag_set
from tickets.mail.storable_text import storable
from tickets.mail.values import Segment, SegmentKind

MAX_NODES = 50_000
MAX_ALT_CHARS = 200

_LOOSE_TAG = re.compile(r"<[^<>]*>")
_SKIPPED = tag_set("script style head title template iframe object svg math -comment -doctype")
_BLOCKS = tag_set(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol pre section table tbody thead "
    "tfoot tr ul includetail"
)
_SPACED = tag_set("p h1 h2 h3 h4 h5 h6")
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_MANY_NEWLINES = re.compile(r"\n{3,}")


def html_text(html: str) -> str:
    """The complete text of `html`."""
    return "".join(segment.text for segment in tree_segments(parse_html(html), {}, {}))


def loose_text(html: str) -> str:
    """The text of HTML too large to parse: everything outside tags."""
    return _MANY_NEWLINES.sub("\n\n", storable(_LOOSE_TAG.sub("\n", html)))


@dataclass(slots=True)
class _TextCollector:
    """Collects text with the line breaks a browser would show, and records which segment it belongs to."""

    segments: list[Segment] = field(default_factory=list)
    kind: SegmentKind = SegmentKind.NEW
    pieces: list[str] = field(default_factory=list)
    newlines: int = 0
    has_text: bool = False
    ends_blank: bool = True

    def break_lines(self, count: int) -> None:
        self.newlines = max(self.newlines, count)

    def line_break(self) -> None:
        self.newlines += 1

    def write(self, text: str) -> None:
        if not text:
            return
        if self.newlines:
            self.pieces.append("\n" * min(self.newlines, 3) if self.has_text else "")
            self.newlines = 0
            self.ends_blank = True
        self.pieces.append(text)
        self.has_text = True
        self.ends_blank = text[-1] == " "

    def write_flowing(self, text: str) -> None:
        """Write text with runs of blanks made one, and none at the beginning of a line."""
        flowing = _BLANKS.sub(" ", text)
        if flowing.startswith(" ") and (self.ends_blank or self.newlines):
            flowing = flowing[1:]
        self.write(flowing)

    def switch(self, kind: SegmentKind) -> None:
        if kind is self.kind:
            return
        self._close()
        self.kind = kind

    def _close(self) -> None:
        if self.pieces:
            self.segments.append(Segment(self.kind, "".join(self.pieces)))
        self.pieces = []

    def finished(self) -> tuple[Segment, ...]:
        self._close()
        return tuple(self.segments)


def tree_segments(
    tree: LexborHTMLParser, folded: dict[int, SegmentKind], folded_from: dict[int, SegmentKind]
) -> tuple[Segment, ...]:
    """The text in reading order.

    Elements whose id is in `folded` get that kind; from the first one in `folded_from` on, everything does.
    """
    walk = _HtmlWalk(folded, folded_from)
    if tree.root is not None:
        walk.run(tree.root)
    return tuple(Segment(segment.kind, _tidy(segment.text)) for segment in walk.writer.finished())


def _tidy(text: str) -> str:
    """No blanks at line ends, and at most one empty line in a row."""
    lines = storable(text.replace("\xa0", " ")).split("\n")
    stripped = "\n".join([*(line.rstrip() for line in lines[:-1]), lines[-1]])
    return _MANY_NEWLINES.sub("\n\n", stripped)


@dataclass(frozen=True, slots=True)
class _End:
    """The end of an element, and what kind of text surrounds it."""

    tag: str
    kind: SegmentKind


@dataclass(slots=True)
class _HtmlWalk:
    """Walks the tree with a stack of its own, as recursion would fail at some depth."""

    folded: dict[int, SegmentKind]
    folded_from: dict[int, SegmentKind]
    writer: _TextCollector = field(default_factory=_TextCollector)
    everything: SegmentKind = SegmentKind.NEW
    preformatted: int = 0
    stack: list[LexborNode | _End] = field(default_factory=list)

    def run(self, root: LexborNode) -> None:
        self.stack = [root]
        for _ in range(MAX_NODES * 2):
            if not self.stack:
                return
            self._step(self.stack.pop())
        self._write_rest()

    def _write_rest(self) -> None:
        """Write the remaining words without their structure: past the cap only the words matter."""
        for pending in reversed(self.stack):
            if isinstance(pending, LexborNode):
                self.writer.write_flowing(pending.text(deep=True, separator=" ") + " ")

    def _step(self, one: LexborNode | _End) -> None:
        if isinstance(one, _End):
            self._leave(one)
        elif one.tag == "-text":
            self._write_text(one.text_content or "")
        elif one.tag not in _SKIPPED:
            self._enter(one, one.tag or "")

    def _write_text(self, text: str) -> None:
        if self.preformatted:
            self.writer.write(text)
        else:
            self.writer.write_flowing(text)

    def _enter(self, node: LexborNode, tag: str) -> None:
        self.stack.append(_End(tag, self.writer.kind))
        self.everything = _stronger(self.everything, self.folded_from.get(node.mem_id))
        self._switch(_stronger(self.writer.kind, self.folded.get(node.mem_id)))
        self.preformatted += tag == "pre"
        _open_element(tag, node, self.writer)
        self.stack += reversed(list(node.iter(include_text=True)))

    def _leave(self, end: _End) -> None:
        self.preformatted -= end.tag == "pre"
        _close_element(end.tag, self.writer)
        self._switch(end.kind)

    def _switch(self, kind: SegmentKind) -> None:
        self.writer.switch(_stronger(kind, self.everything))


_STRENGTH = {SegmentKind.NEW: 0, SegmentKind.SIGNATURE: 1, SegmentKind.QUOTE: 2}


def _stronger(one: SegmentKind, other: SegmentKind | None) -> SegmentKind:
    return one if other is None or _STRENGTH[one] >= _STRENGTH[other] else other


def _open_element(tag: str, node: LexborNode, writer: _TextCollector) -> None:
    if tag == "br":
        writer.line_break()
    elif tag == "img":
        writer.write_flowing((node.attributes.get("alt") or "")[:MAX_ALT_CHARS])
    elif tag in _SPACED:
        writer.break_lines(2)
    elif tag in _BLOCKS:
        writer.break_lines(1)
    if tag == "li":
        writer.write("- ")


def _close_element(tag: str, writer: _TextCollector) -> None:
    if tag in _SPACED:
        writer.break_lines(2)
    elif tag in _BLOCKS:
        writer.break_lines(1)
    elif tag in ("td", "th"):
        writer.write_flowing(" ")
