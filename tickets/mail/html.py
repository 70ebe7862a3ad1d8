"""Parses HTML bodies within limits that keep hostile ones cheap, however deeply they are nested.

Reasons: .github/decisions/mail.md.
"""

import re

from selectolax.lexbor import LexborHTMLParser

MAX_HTML_CHARS = 1_000_000
MAX_DEPTH = 400
MAX_TAG_CHARS = 4_000

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*+)[^<>]*>")
_LONG_TAG = re.compile(rf"<([a-zA-Z][a-zA-Z0-9:]*)\s[^<>]{{{MAX_TAG_CHARS},}}>")


def tag_set(names: str) -> frozenset[str]:
    return frozenset(names.split())


# Some mailers do not escape the angle brackets of an address, which would be taken for a tag.
_LOOSE_ADDRESS = re.compile(r"<((?:mailto:)?[\w.+%'-]{1,64}@[\w.-]{1,255})>")
_SWALLOWING = re.compile(
    r"</?(?:title|style|script|textarea|xmp|iframe|noembed|noframes|plaintext|template|object|svg|math)\b|<!--|-->",
    re.IGNORECASE,
)
_UNCLOSED = tag_set(
    "br hr img input meta link area base col embed param source track wbr p li td th tr dt dd o:p"
)


def parse_html(html: str) -> LexborHTMLParser:
    """The tree of `html`, cut at MAX_HTML_CHARS. Nesting deeper than MAX_DEPTH is flattened and its text kept."""
    cut = _LOOSE_ADDRESS.sub(r"&lt;\1&gt;", _without_open_ends(html[:MAX_HTML_CHARS]))
    return LexborHTMLParser(_shallow(_LONG_TAG.sub(_without_attribute_swarm, cut)))


def _without_open_ends(html: str) -> str:
    """Remove the tag of a title, script or comment that is never closed: it would swallow everything up to the end."""
    open_tags: dict[str, re.Match[str]] = {}
    for tag in _SWALLOWING.finditer(html):
        name = tag[0].lower().lstrip("</").partition(" ")[0]
        if tag[0] == "<!--":
            open_tags["-->"] = tag
        elif tag[0] == "-->" or tag[0].startswith("</"):
            open_tags.pop(name, None)
        else:
            open_tags[name] = tag
    for tag in sorted(open_tags.values(), key=re.Match.start, reverse=True):
        end = html.find(">", tag.end(), tag.end() + MAX_TAG_CHARS) + 1 if tag[0] != "<!--" else tag.end()
        html = f"{html[: tag.start()]} {html[end or tag.end() :]}"
    return html


def _without_attribute_swarm(tag: re.Match[str]) -> str:
    """Drop the attributes of a tag with hundreds, which cost quadratic time; one long data: URL does not."""
    return tag[0] if tag[0].count("=") + tag[0].count(" ") < 200 else f"<{tag[1]}>"


def _shallow(html: str) -> str:
    """`html` without the tags that open below MAX_DEPTH."""
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
