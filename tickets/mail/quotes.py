"""Separates what was written now from what is quoted: cuts a text into segments that join to the same text again.

When in doubt nothing is folded: hiding a customer's words is worse than showing a quote.
Why so: .github/decisions/mail.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from selectolax.lexbor import LexborHTMLParser

from tickets.mail import quote_shapes as shapes
from tickets.mail.html_quotes import folded_elements, folded_from
from tickets.mail.html_text import tree_segments
from tickets.mail.values import Segment, SegmentKind

MAX_LINES = 5_000
MAX_SIGNATURE_LINES = 15
MAX_ATTRIBUTION_LINES = 4

NEW, QUOTE, SIGNATURE = SegmentKind.NEW, SegmentKind.QUOTE, SegmentKind.SIGNATURE


@dataclass(slots=True)
class _TextLine:
    text: str
    kind: SegmentKind


def split_text(text: str) -> tuple[Segment, ...]:
    """Segments of a plain text."""
    return _split((Segment(NEW, text),))


def split_html(tree: LexborHTMLParser) -> tuple[Segment, ...]:
    """Segments of the text of an HTML body, by its elements first and by the shapes of its lines after."""
    return _split(tree_segments(tree, folded_elements(tree), folded_from(tree)))


def has_fold(segments: Iterable[Segment]) -> bool:
    return any(segment.kind is QUOTE for segment in segments)


def _split(given: Sequence[Segment]) -> tuple[Segment, ...]:
    lines = _lines(given)
    _fold_from_marker(lines)
    _fold_quoted_runs(lines)
    _fold_attribution_above(lines)
    _fold_signature(lines)
    if not any(line.kind is NEW and line.text.strip() for line in lines):
        return (Segment(NEW, "".join(line.text for line in lines)),) if lines else ()
    _give_blanks_to_folds(lines)
    runs = groupby(lines, key=lambda line: line.kind)
    return _trimmed([Segment(kind, "".join(line.text for line in run)) for kind, run in runs])


def _trimmed(segments: list[Segment]) -> tuple[Segment, ...]:
    """The line end after the last new words goes with the fold below them."""
    last = max(index for index, segment in enumerate(segments) if segment.kind is NEW)
    if last + 1 < len(segments):
        words = segments[last].text.rstrip()
        blanks = segments[last].text[len(words) :]
        below = segments[last + 1]
        segments[last : last + 2] = [Segment(NEW, words), Segment(below.kind, blanks + below.text)]
    return tuple(segments)


def _lines(given: Sequence[Segment]) -> list[_TextLine]:
    """What stands beyond MAX_LINES is one more line: it is shown, and searched no further."""
    lines = [_TextLine(line, part.kind) for part in given for line in part.text.splitlines(keepends=True)]
    beyond = "".join(line.text for line in lines[MAX_LINES:])
    return [*lines[:MAX_LINES], _TextLine(beyond, NEW)] if beyond else lines


def _fold_from_marker(lines: list[_TextLine]) -> None:
    """Everything from the first marker on is quoted, when something was written above it."""
    for index, line in enumerate(lines):
        if line.kind is QUOTE or not line.text.strip():
            continue
        if shapes.is_forward_mark(line.text.rstrip()):
            return
        if _starts_quote(lines, index):
            _mark(lines[_with_rule_above(lines, index) :], QUOTE)
            return


def _with_rule_above(lines: list[_TextLine], index: int) -> int:
    """A rule or a bare `原始邮件` right above a head belongs to it."""
    above = index - 1
    while above > 0 and index - above < 3 and not lines[above].text.strip():
        above -= 1
    return above if above > 0 and shapes.is_rule(lines[above].text.rstrip("\n")) else index


def _starts_quote(lines: list[_TextLine], index: int) -> bool:
    line = lines[index].text.rstrip("\n")
    if shapes.is_separator(line):
        return True
    if _is_header_block(lines, index):
        return True
    size = _attribution_size(lines, index)
    if not size or shapes.is_quoted(line) or _next_is_quoted(lines, index + size):
        return False
    return shapes.is_certain_attribution(_joined(lines[index : index + size]))


def _joined(lines: Sequence[_TextLine]) -> str:
    return " ".join(line.text.strip() for line in lines)


def _is_header_block(lines: list[_TextLine], index: int) -> bool:
    """From, date or subject, and one more in neighbouring lines; below a rule From and date are enough."""
    if not shapes.label_kind(lines[index].text):
        return False
    kinds: list[str] = []
    for line in lines[index : index + 12]:
        if not line.text.strip() and len(kinds) < 2:
            continue
        kind = shapes.label_kind(line.text)
        if not kind and (not line.text.strip() or len(kinds) < 1):
            break
        kinds += [kind] if kind else []
    found = set(kinds)
    if len(found) == 2:
        return found == {"from", "date"} and _with_rule_above(lines, index) < index
    return "from" in found and len(found) >= 3 and bool(found & {"date", "subject"}) and kinds[0] != "cc"


def _attribution_size(lines: list[_TextLine], index: int) -> int:
    """How many lines an attribution that begins here takes; 0 when there is none."""
    joined = ""
    for size in range(1, MAX_ATTRIBUTION_LINES + 1):
        at = index + size - 1
        if at >= len(lines) or not lines[at].text.strip() or len(joined) > 700:
            return 0
        joined = f"{joined} {lines[at].text.strip()}".strip()
        if shapes.ends_attribution(joined):
            return size if shapes.is_attribution(joined) else 0
    return 0


def _next_is_quoted(lines: list[_TextLine], index: int) -> bool:
    following = next((line for line in lines[index : index + 4] if line.text.strip()), None)
    return following is not None and (following.kind is QUOTE or shapes.is_quoted(following.text))


def _fold_quoted_runs(lines: list[_TextLine]) -> None:
    """Runs of `>` lines, with the attribution above; one such line alone may be the customer's own."""
    index = 0
    while index < len(lines):
        end = _quoted_until(lines, index)
        if end - index >= 2 or (end > index and _attributed_at(lines, index) is not None):
            above = _attributed_at(lines, index)
            _mark(lines[index if above is None else above : end], QUOTE)
        index = max(end, index + 1)


def _quoted_until(lines: list[_TextLine], index: int) -> int:
    while index < len(lines) and lines[index].kind is NEW and shapes.is_quoted(lines[index].text):
        index += 1
    return index


def _fold_attribution_above(lines: list[_TextLine]) -> None:
    """An attribution that stands right above a quote found by its HTML belongs to it."""
    for index in range(1, len(lines)):
        if lines[index].kind is QUOTE and lines[index - 1].kind is not QUOTE:
            above = _attributed_at(lines, index)
            if above is not None:
                _mark(lines[above:index], QUOTE)


def _attributed_at(lines: list[_TextLine], index: int) -> int | None:
    """Where the attribution begins that ends right above `index`, blank lines between allowed."""
    end = index
    while end and index - end < 3 and not lines[end - 1].text.strip():
        end -= 1
    for start in range(end - 1, max(end - 1 - MAX_ATTRIBUTION_LINES, -1), -1):
        if lines[start].kind is NEW and _attribution_size(lines, start) == end - start:
            return start
    return None


def _fold_signature(lines: list[_TextLine]) -> None:
    """The signature at the end of what was written now: after `-- `, or a telephone's one line."""
    fresh = [line for line in lines if line.kind is NEW]
    while fresh and not fresh[-1].text.strip():
        fresh.pop()
    if fresh and shapes.is_phone_signature(fresh[-1].text.strip()):
        _mark(fresh[-1:], SIGNATURE)
        return
    for index in range(max(len(fresh) - MAX_SIGNATURE_LINES, 0), len(fresh)):
        if shapes.is_signature_mark(fresh[index].text.rstrip("\n")):
            _mark(fresh[index:], SIGNATURE)
            return


def _give_blanks_to_folds(lines: list[_TextLine]) -> None:
    """Blank lines between what is new and a fold go with the fold."""
    for index in range(len(lines) - 1, 0, -1):
        if lines[index].kind is not NEW and not lines[index - 1].text.strip():
            lines[index - 1].kind = lines[index].kind


def _mark(lines: Iterable[_TextLine], kind: SegmentKind) -> None:
    for line in lines:
        line.kind = kind
