"""HTML bodies: parsed once under caps, then read as text without losing what is nested deeply."""

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tickets.mail.scrub import storable
from tickets.mail.values import Segment, SegmentKind

MAX_HTML_CHARS = 1_000_000
MAX_DEPTH = 400
MAX_NODES = 50_000
MAX_TAG_CHARS = 4_000

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*)[^<>]*>")
_LONG_TAG = re.compile(rf"<([a-zA-Z][a-zA-Z0-9:]*)\s[^<>]{{{MAX_TAG_CHARS},}}>")
_LOOSE_TAG = re.compile(r"<[^<>]*>")


def tag_set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_UNCLOSED = tag_set(
    "br hr img input meta link area base col embed param source track wbr p li td th tr dt dd o:p"
)
_SKIPPED = tag_set("script style head title template iframe object svg math -comment -doctype")
_BLOCKS = tag_set(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol pre section table tbody thead "
    "tfoot tr ul includetail"
)
_SPACED = tag_set("p h1 h2 h3 h4 h5 h6")
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_MANY_NEWLINES = re.compile(r"\n{3,}")


def parse_html(html: str) -> LexborHTMLParser:
    """The tree of `html`, cut at MAX_HTML_CHARS; nesting above MAX_DEPTH is flattened, its text kept."""
    cut = html[:MAX_HTML_CHARS]
    return LexborHTMLParser(_shallow(_LONG_TAG.sub(_without_attribute_swarm, cut)))


def _without_attribute_swarm(tag: re.Match[str]) -> str:
    """Thousands of attributes on one tag cost the parser quadratic time; one long data: URL does not."""
    return tag[0] if tag[0].count("=") + tag[0].count(" ") < 200 else f"<{tag[1]}>"


def _shallow(html: str) -> str:
    """`html` with the tags that open below MAX_DEPTH taken out."""
    if html.count("<") <= MAX_DEPTH:
        return html
    depth = 0
    deepest = 0
    pieces: list[str] = []
    end = 0
    for tag in _TAG.finditer(html):
        if tag[2].lower() in _UNCLOSED:
            continue
        depth = max(depth - 1, 0) if tag[1] else depth + 1
        deepest = max(depth, deepest)
        if depth > MAX_DEPTH or (tag[1] and depth >= MAX_DEPTH):
            pieces += [html[end : tag.start()], "\n"]
            end = tag.end()
    return html if deepest <= MAX_DEPTH else "".join([*pieces, html[end:]])


@dataclass(slots=True)
class _Writer:
    """Collects text with the line breaks a browser would show, and says which segment it belongs to."""

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
        """Runs of blanks are one; none at the beginning of a line."""
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


def html_text(html: str) -> str:
    """The text of `html`, whole."""
    return "".join(segment.text for segment in tree_segments(parse_html(html), {}, {}))


def loose_text(html: str) -> str:
    """The text of HTML too large to parse: whatever stands outside of tags."""
    return _MANY_NEWLINES.sub("\n\n", storable(_LOOSE_TAG.sub("\n", html)))


def tree_segments(
    tree: LexborHTMLParser, folded: dict[int, SegmentKind], folded_from: dict[int, SegmentKind]
) -> tuple[Segment, ...]:
    """The text in reading order. Elements whose id is in `folded` are of that kind; from the first one
    in `folded_from` on, everything is."""
    writer = _Writer()
    if tree.root is not None:
        _write_nodes(tree.root, writer, folded, folded_from)
    return tuple(Segment(one.kind, _tidy(one.text)) for one in writer.finished())


def _tidy(text: str) -> str:
    """No blanks at line ends, at most one empty line in a row."""
    lines = storable(text.replace("\xa0", " ")).split("\n")
    stripped = "\n".join([*(line.rstrip() for line in lines[:-1]), lines[-1]])
    return _MANY_NEWLINES.sub("\n\n", stripped)


def _write_nodes(
    root: LexborNode, writer: _Writer, folded: dict[int, SegmentKind], folded_from: dict[int, SegmentKind]
) -> None:
    stack: list[tuple[LexborNode | None, str, SegmentKind]] = [(root, "", SegmentKind.NEW)]
    base = SegmentKind.NEW
    preformatted = 0
    for _ in range(MAX_NODES * 2):
        if not stack:
            return
        node, left, kind_before = stack.pop()
        if node is None:
            preformatted -= left == "pre"
            _leave(left, writer)
            writer.switch(max(kind_before, base, key=_strength))
            continue
        tag = node.tag or ""
        if tag == "-text":
            content = node.text_content or ""
            writer.write(content) if preformatted else writer.write_flowing(content)
            continue
        if tag in _SKIPPED:
            continue
        stack.append((None, tag, writer.kind))
        base = max(base, folded_from.get(node.mem_id, base), key=_strength)
        writer.switch(max(writer.kind, base, folded.get(node.mem_id, base), key=_strength))
        preformatted += tag == "pre"
        _enter(tag, node, writer)
        stack += [(child, "", SegmentKind.NEW) for child in reversed(_child_nodes(node))]


def _strength(kind: SegmentKind) -> int:
    return (SegmentKind.NEW, SegmentKind.SIGNATURE, SegmentKind.QUOTE).index(kind)


def _child_nodes(node: LexborNode) -> list[LexborNode]:
    return list(node.iter(include_text=True))


def _enter(tag: str, node: LexborNode, writer: _Writer) -> None:
    if tag == "br":
        writer.line_break()
    elif tag == "img":
        writer.write_flowing((node.attributes.get("alt") or "")[:200])
    elif tag in _SPACED:
        writer.break_lines(2)
    elif tag in _BLOCKS:
        writer.break_lines(1)
    if tag == "li":
        writer.write("- ")


def _leave(tag: str, writer: _Writer) -> None:
    if tag in _SPACED:
        writer.break_lines(2)
    elif tag in _BLOCKS:
        writer.break_lines(1)
    elif tag in ("td", "th"):
        writer.write_flowing(" ")
