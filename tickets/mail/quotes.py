"""Separates what was written now from what is quoted: cuts a text into segments that join to the same text again.

When in doubt nothing is folded: hiding a customer's words is worse than showing a quote.
Reasons: .github/decisions/mail.md.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from selectolax.lexbor import LexborHTMLParser

from tickets.mail import quote_shapes as shapes
from tickets.mail.header_blocks import HeaderBlock, label_kind, read_block, read_glued
from tickets.mail.html_quotes import folded_elements, folded_from
from tickets.mail.html_text import tree_segments
from tickets.mail.quote_attributions import (
    find_attributions,
    is_certain_attribution,
    is_undated_attribution,
    joined,
    split_glued,
)
from tickets.mail.values import Segment, SegmentKind

MAX_LINES = 5_000
MAX_SIGNATURE_LINES = 15
MAX_VALUE_LINES = 12
FULL_LINE = 70

NEW, QUOTE, SIGNATURE = SegmentKind.NEW, SegmentKind.QUOTE, SegmentKind.SIGNATURE

# A date as machines write it: nobody types the seconds and the offset.
_MACHINE_DATE = re.compile(r"\d{1,2}:\d{2}:\d{2} (?:[+-]\d{4}|GMT)")
_ONLY_LINK = re.compile(r"\s{0,9}\(?<?https?://[^\s()]{1,1000}\)?\s?>?\s*", re.IGNORECASE)


@dataclass(slots=True)
class _TextLine:
    text: str
    kind: SegmentKind


def split_text(text: str, *, is_forward: bool = False) -> tuple[Segment, ...]:
    """Segments of a plain text. In a mail that forwards another, the text below the old headers is not a quote."""
    return _split((Segment(NEW, text),), is_forward=is_forward)


def split_html(tree: LexborHTMLParser, *, is_forward: bool = False) -> tuple[Segment, ...]:
    """Segments of the text of an HTML body: by its elements first, then by the shapes of its lines."""
    if is_forward:
        return _split(tree_segments(tree, {}, {}), is_forward=True)
    return _split(tree_segments(tree, folded_elements(tree), folded_from(tree)), is_forward=False)


def has_fold(segments: Iterable[Segment]) -> bool:
    return any(segment.kind is QUOTE for segment in segments)


def _split(given: Sequence[Segment], *, is_forward: bool) -> tuple[Segment, ...]:
    lines = _lines(given)
    if not is_forward:
        _fold_signature(lines[: _fold_quotes(lines)])
    if all(line.kind is NEW for line in lines):
        return (Segment(NEW, "".join(line.text for line in lines)),) if lines else ()
    if not any(line.kind is NEW and line.text.strip() for line in lines):
        return (Segment(NEW, "".join(line.text for line in lines)),) if lines else ()
    _give_blanks_to_folds(lines)
    runs = groupby(lines, key=lambda line: line.kind)
    return _trimmed([Segment(kind, "".join(line.text for line in run)) for kind, run in runs])


def _fold_quotes(lines: list[_TextLine]) -> int:
    """Mark quotes, and return the line where a forwarded mail begins. Examines only lines that could hold a mark."""
    end = len(lines)
    marks = [index for index, line in enumerate(lines) if shapes.may_hold_mark(line.text)]
    if marks:
        attributions = find_attributions([line.text for line in lines], marks)
        end = _forward_at(lines, marks, attributions)
        before_forward = lines[:end]
        _fold_from_marker(lines, [index for index in marks if index < end], attributions)
        _fold_quoted_runs(before_forward, [index for index in marks if index < end], attributions)
        _fold_attribution_above(before_forward, attributions)
    if marks or any(line.kind is QUOTE for line in lines):
        _show_answers_below(lines)
    return end


def _forward_at(lines: list[_TextLine], marks: Iterable[int], attributions: dict[int, int]) -> int:
    """Where a forwarded mail begins: nothing is folded from there on. A forward inside a quote is part of the quote."""
    for index in marks:
        line = lines[index]
        if line.kind is NEW and shapes.is_forward_mark(line.text.rstrip()):
            is_inside_run = index > 0 and shapes.is_quoted(lines[index - 1].text)
            is_quote = shapes.is_quoted(line.text) and (
                is_inside_run or _attributed_at(lines, index, attributions) is not None
            )
            if not is_quote:
                return index
    return len(lines)


def _trimmed(segments: list[Segment]) -> tuple[Segment, ...]:
    """The segments, with the line end after the last new words moved into the fold below them."""
    last = max(index for index, segment in enumerate(segments) if segment.kind is NEW)
    if last + 1 < len(segments):
        words = segments[last].text.rstrip()
        blanks = segments[last].text[len(words) :]
        below = segments[last + 1]
        segments[last : last + 2] = [Segment(NEW, words), Segment(below.kind, blanks + below.text)]
    return tuple(segments)


def _lines(given: Sequence[Segment]) -> list[_TextLine]:
    """The text as lines. Everything beyond MAX_LINES becomes one more line, which is shown and not searched."""
    lines: list[_TextLine] = []
    beyond: list[str] = []
    for part in given:
        texts = part.text.splitlines(keepends=True)
        room = MAX_LINES - len(lines)
        lines += [_TextLine(text, part.kind) for text in texts[:room]]
        beyond += texts[room:]
    if any("wrote:" in part.text for part in given):
        lines = [piece for line in lines for piece in _unglued(line)]
    return [*lines, _TextLine("".join(beyond), NEW)] if beyond else lines


def _unglued(line: _TextLine) -> Iterable[_TextLine]:
    """Split off an attribution that follows other words on the same line."""
    pieces = split_glued(line.text) if "wrote:" in line.text[-12:] else None
    return [_TextLine(piece, line.kind) for piece in pieces] if pieces else [line]


def _fold_from_marker(lines: list[_TextLine], marks: Iterable[int], attributions: dict[int, int]) -> None:
    """Mark everything from the first marker on as quoted, if something was written above it."""
    ends = {start: below for below, start in attributions.items()}
    for index in sorted({*marks, *ends}):
        if lines[index].kind is not QUOTE and _starts_quote(lines, index, ends.get(index)):
            _mark(lines[_with_rule_above(lines, index) :], QUOTE)
            return


def _with_rule_above(lines: list[_TextLine], index: int) -> int:
    """Include a rule or a bare `原始邮件` right above the head of a quote."""
    above = index - 1
    while above > 0 and index - above < 3 and not lines[above].text.strip():
        above -= 1
    return above if above > 0 and shapes.is_rule(lines[above].text.rstrip("\n")) else index


def _starts_quote(lines: list[_TextLine], index: int, below: int | None) -> bool:
    """True if a quote starts here. `below` is the line after an attribution that begins at `index`."""
    line = lines[index].text.rstrip("\n")
    if shapes.is_quoted(line):
        return False  # the quote ends where the quoted lines end, as answers may come below
    if shapes.is_separator(line) or _is_header_block(lines, index):
        return True
    if below is None or _next_is_quoted(lines, below):
        return False
    return is_certain_attribution(joined([line.text for line in lines[index:below]]))


def _is_header_block(lines: list[_TextLine], index: int) -> bool:
    """True for sender, date and one more header, as mail programs repeat them. A list a person typed has no time."""
    if label_kind(lines[index].text) not in ("from", "date", "subject"):
        return False
    texts = [line.text for line in lines[index : index + 24]]
    block = read_block(texts, 0)
    is_below_rule = _with_rule_above(lines, index) < index
    return _is_repeated_head(block, is_below_rule=is_below_rule) or _is_glued_head(texts[0])


def _is_repeated_head(block: HeaderBlock | None, *, is_below_rule: bool) -> bool:
    if block is None:
        return False
    date = block.fields.get("date", "")
    if not any(letter.isdigit() for letter in date):
        return is_below_rule and block.has("from") and block.size >= 3
    if block.has("from"):
        is_certain = is_below_rule or _MACHINE_DATE.search(date) is not None
        is_dated_mail = "@" in block.sender or ":" in date or block.has("subject")
        return block.size >= 2 if is_certain else block.size >= 3 and is_dated_mail
    return block.has("to") and "@" in block.fields["to"] and _MACHINE_DATE.search(date) is not None


def _is_glued_head(line: str) -> bool:
    fields = read_glued(line)
    return "date" in fields and any(letter.isdigit() for letter in fields["date"])


def _next_is_quoted(lines: list[_TextLine], index: int) -> bool:
    following = next((line for line in lines[index : index + 4] if line.text.strip()), None)
    return following is not None and (following.kind is QUOTE or shapes.is_quoted(following.text))


def _fold_quoted_runs(lines: list[_TextLine], marks: Iterable[int], attributions: dict[int, int]) -> None:
    """Mark runs of `>` lines with the attribution above. Without an attribution a person may have pasted them."""
    end = 0
    smallest = 2
    for index in marks:
        if index < end:
            continue
        end = _quoted_until(lines, index)
        if end > index:
            above = _attributed_at(lines, index, attributions)
            if above is not None:
                smallest = 1  # a person who answers below an attribution quotes single lines too
            elif not _may_be_pasted(lines, index, end):
                above = _writer_above(lines, index)
                if above is None and end - index >= smallest:
                    above = index
            if above is not None:
                _mark(lines[above:end], QUOTE)


def _quoted_until(lines: list[_TextLine], index: int) -> int:
    start = index
    while index < len(lines) and lines[index].kind is NEW:
        if not (shapes.is_quoted(lines[index].text) or (index > start and _is_wrapped_out(lines, index))):
            break
        index += 1
    return index


def _is_wrapped_out(lines: list[_TextLine], index: int) -> bool:
    """A link, or the tail of a full line, that a mailer wrapped out of a quote that goes on below."""
    if index + 1 >= len(lines) or not shapes.is_quoted(lines[index + 1].text):
        return False
    line, above = lines[index].text, lines[index - 1].text
    if len(above) >= FULL_LINE and shapes.is_quoted(above) and line[:1].islower():
        return True
    is_rest = "(http" in above and ")" not in above.partition("(http")[2] and " " not in line.strip()
    return _ONLY_LINK.fullmatch(line) is not None or (is_rest and line.rstrip().endswith(")"))


def _may_be_pasted(lines: list[_TextLine], start: int, end: int) -> bool:
    """True for lines that the person's own sentence announces with a colon, or that look like values."""
    above = _words_above(lines, start)
    is_announced = above is not None and lines[above].text.rstrip()[-1:] in (":", "：")
    if is_announced and _writer_above(lines, start) is None:
        return True
    return end - start <= MAX_VALUE_LINES and shapes.are_values(line.text for line in lines[start:end])


def _writer_above(lines: list[_TextLine], start: int) -> int | None:
    """The line right above `start` that says who wrote the text below, without saying when."""
    above = _words_above(lines, start)
    return above if above is not None and is_undated_attribution(lines[above].text) else None


def _words_above(lines: list[_TextLine], start: int) -> int | None:
    """The nearest new line above, past at most two blank ones."""
    above = start - 1
    while above >= 0 and start - above < 3 and not lines[above].text.strip():
        above -= 1
    return above if above >= 0 and lines[above].kind is NEW else None


def _fold_attribution_above(lines: list[_TextLine], attributions: dict[int, int]) -> None:
    """Mark the attribution right above a quote that was found by its HTML."""
    for index in range(1, len(lines)):
        if lines[index].kind is QUOTE and lines[index - 1].kind is not QUOTE:
            above = _attributed_at(lines, index, attributions)
            if above is not None:
                _mark(lines[above:index], QUOTE)


def _attributed_at(lines: list[_TextLine], index: int, attributions: dict[int, int]) -> int | None:
    """Where the attribution right above `index` begins; blank lines in between are allowed."""
    end = index
    while end and index - end < 3 and end not in attributions and not lines[end - 1].text.strip():
        end -= 1
    start = attributions.get(end)
    return start if start is not None and lines[start].kind is NEW else None


def _show_answers_below(lines: list[_TextLine]) -> None:
    """Fold nothing if the words above say "my answers are below", as the answers are inside the quote."""
    first = next((at for at, line in enumerate(lines) if line.kind is QUOTE), None)
    if first is None or any(line.kind is NEW and line.text.strip() for line in lines[first:]):
        return
    if shapes.announces_answers("".join(line.text for line in lines[:first])):
        _mark(lines, NEW)


def _fold_signature(lines: list[_TextLine]) -> None:
    """Mark the signature at the end of the new text: after `-- `, or the one line that a phone adds."""
    fresh = _last_new_lines(lines)
    if fresh and shapes.is_phone_signature(fresh[-1].text.strip()):
        _mark(fresh[-1:], SIGNATURE)
        _fold_card(_last_new_lines(lines))
        return
    if _fold_card(fresh):
        return
    for index in range(len(fresh)):
        if shapes.is_signature_mark(fresh[index].text.rstrip("\n")) or _is_list_footer(fresh, index):
            _mark(fresh[index:], SIGNATURE)
            return


def _fold_card(fresh: list[_TextLine]) -> bool:
    """Mark NetEase's card at the end: name and address between lines that contain only a bar."""
    if not fresh or fresh[-1].text.strip() != "|":
        return False
    start = next((at for at, line in enumerate(fresh) if line.text.strip() in ("| |", "||")), None)
    if start is not None:
        _mark(fresh[start:], SIGNATURE)
    return start is not None


def _last_new_lines(lines: list[_TextLine]) -> list[_TextLine]:
    """The end of the new text, without the blank lines below it."""
    fresh: list[_TextLine] = []
    for line in reversed(lines):
        if line.kind is NEW and (fresh or line.text.strip()):
            fresh.append(line)
            if len(fresh) == MAX_SIGNATURE_LINES:
                break
    return fresh[::-1]


def _is_list_footer(lines: list[_TextLine], index: int) -> bool:
    """True for the footer that a mailing list adds to each mail: a rule, then its name and how to unsubscribe."""
    if not lines[index].text.startswith("_____") or not shapes.is_rule(lines[index].text.rstrip("\n")):
        return False
    return shapes.is_list_footer("".join(line.text for line in lines[index + 1 :]))


def _give_blanks_to_folds(lines: list[_TextLine]) -> None:
    """Let blank lines between new text and a fold belong to the fold."""
    for index in range(len(lines) - 1, 0, -1):
        if lines[index].kind is not NEW and not lines[index - 1].text.strip():
            lines[index - 1].kind = lines[index].kind


def _mark(lines: Iterable[_TextLine], kind: SegmentKind) -> None:
    for line in lines:
        line.kind = kind
