"""Reads the headers that a mail program repeats in the text above a forwarded or quoted mail.

They come one to a line, in a table, or glued together on one line; values may run over several lines.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tickets.mail.quote_words import COLONLESS, LABEL_KINDS

MAX_BLOCK_LINES = 24
MAX_BLANK_LINES = 2
MAX_LABEL_CHARS = 28
MAX_LABEL_HEAD = 40  # a label, with whatever precedes it
MAX_LINE_CHARS = 4_000

_MARKS = " \t\u3000>|*_\xa0\ufeff"
_BLANKS = str.maketrans("", "", " \t\u3000*_\xa0\u200b\ufeff")
_KINDS_OF_A_WHOLE_BLOCK = {"from", "date", "subject"}
# A whole label, then its colon. On a glued line only capitals tell a label from the word before it.
_GLUED_WORDS = sorted((label for label in LABEL_KINDS if len(label) > 1), key=len, reverse=True)


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """Values by kind: from, date, to, cc, subject, other. `end` is the index of the first line below."""

    fields: dict[str, str]
    end: int

    @property
    def sender(self) -> str:
        return self.fields.get("from", "")

    @property
    def subject(self) -> str:
        return self.fields.get("subject", "")

    def has(self, *kinds: str) -> bool:
        return all(kind in self.fields for kind in kinds)

    @property
    def size(self) -> int:
        return len(self.fields.keys() - {"other"})


def split_label(line: str) -> tuple[str, str] | None:
    """The kind of header that a line such as `发件人: ...` or `| From | ... |` repeats, and its value."""
    head, colon, value = _parted(line[:MAX_LINE_CHARS])
    if not colon:
        return None
    name = head.strip(_MARKS)
    kind = LABEL_KINDS.get(name.translate(_BLANKS).lower()) if 0 < len(name) <= MAX_LABEL_CHARS else None
    if kind is None:
        return None
    value = value.strip(" \t\u3000\xa0\r\n")
    if "*" in head:
        value = value.lstrip("* ")
    return kind, value.rstrip("| ") if colon == "|" else value


def _parted(line: str) -> tuple[str, str, str]:
    """The text before the colon, the colon, and the value; the cells of a table row likewise."""
    if line.startswith("|") and line.count("|") >= 2:
        name, _, value = line[1:].partition("|")
        return name, "|", value
    head = line[:MAX_LABEL_HEAD]
    ascii_colon, wide_colon = head.find(":"), head.find("：")
    at = min((position for position in (ascii_colon, wide_colon) if position >= 0), default=-1)
    return (line[:at], line[at], line[at + 1 :]) if at > 0 else (line, "", "")


def label_kind(line: str) -> str:
    """The kind of header that the line repeats, or an empty string."""
    label = split_label(line)
    return label[0] if label else ""


def _bare_label(line: str) -> tuple[str, str] | None:
    """A table row that lost its lines: `发件人 Anna <anna@b.example>`."""
    name, _, value = line.strip(_MARKS).partition(" ")
    kind = LABEL_KINDS.get(name.lower())
    return (kind, value.strip()) if kind and value.strip() else None


def read_block(lines: Sequence[str], start: int, *, below_mark: bool = False) -> HeaderBlock | None:
    """The block that begins at line `start`; None if that line repeats no header.

    Under `below_mark`, a mark announced the block, so labels need no colon.
    """
    reader = _BlockReader(lines, below_mark)
    return reader.read(start)


@dataclass(slots=True)
class _BlockReader:
    lines: Sequence[str]
    below_mark: bool

    def read(self, start: int) -> HeaderBlock | None:
        fields: dict[str, str] = {}
        last, index = "", start
        end = min(len(self.lines), start + MAX_BLOCK_LINES)
        while index < end:
            label = self._label(index)
            if label is not None and (label[0] not in fields or label[0] in ("other", "cc")):
                last = label[0]
                fields.setdefault(last, label[1])
            elif not last or not self._runs_on(index, fields):
                break
            elif _words(self.lines[index]):
                fields[last] = f"{fields[last]} {_words(self.lines[index])}".strip()
            index += 1
        return HeaderBlock(fields, index) if fields else None

    def _label(self, index: int) -> tuple[str, str] | None:
        line = self.lines[index]
        return split_label(line) or (_bare_label(line) if self.below_mark else None)

    def _runs_on(self, index: int, fields: dict[str, str]) -> bool:
        """True if another header follows within two lines, so that this line, or this gap, belongs to the block."""
        if fields.keys() >= _KINDS_OF_A_WHOLE_BLOCK and not _words(self.lines[index]):
            return self._has_header_below(index, fields, {"to", "cc", "other"})
        if fields.keys() >= _KINDS_OF_A_WHOLE_BLOCK and _is_complete(fields):
            return False
        if _words(self.lines[index]) and not all(fields.values()):
            return True
        return self._has_header_below(index, fields, None)

    def _has_header_below(self, index: int, fields: dict[str, str], wanted: set[str] | None) -> bool:
        for below in range(index + 1, min(index + 1 + MAX_BLANK_LINES, len(self.lines))):
            label = self._label(below)
            if label is not None:
                return label[0] not in fields and (wanted is None or label[0] in wanted)
        return False


def _is_complete(fields: dict[str, str]) -> bool:
    return all(fields[kind] for kind in _KINDS_OF_A_WHOLE_BLOCK)


def _words(line: str) -> str:
    return line.strip(" \t\u3000>|\xa0\r\n\ufeff")


def _spelled(label: str) -> str:
    """A label as mail programs write it, with or without blanks between its words."""
    return label[0].upper() + label[1:]


_GLUED_SENDER = re.compile(
    r"\s*(?P<label>[^\s:：<>@]{1,20}(?: [^\s:：<>@]{1,12})?)\s?[:：]\s*"
    r"(?P<value>[^<>\n]{0,200}<[^<>\s]{3,250}>|[^<>\s]{1,128}@[^<>\s]{1,255}(?=\s))"
)
_GLUED_LABEL = re.compile(
    rf"(\A[AÀ]|{'|'.join(re.escape(_spelled(one)) for one in _GLUED_WORDS)})\s?[:：]|({'|'.join(COLONLESS)})\s"
)


def read_glued(line: str) -> dict[str, str]:
    """The headers of a line such as `From: Anna <anna@b.example>To: ...Subject: ...`; empty if it has none."""
    sender = _GLUED_SENDER.match(line[:MAX_LINE_CHARS])
    if sender is None or LABEL_KINDS.get(sender["label"].translate(_BLANKS).lower()) != "from":
        return {}
    rest = line[sender.end() : MAX_LINE_CHARS]
    labels = list(_GLUED_LABEL.finditer(rest))
    if not labels or rest[: labels[0].start()].strip():
        return {}
    fields = {"from": sender["value"]}
    ends = [*(label.start() for label in labels[1:]), len(rest)]
    for label, end in zip(labels, ends, strict=True):
        kind = LABEL_KINDS[(label[1] or label[2]).translate(_BLANKS).lower()]
        if "subject" in fields:
            fields["subject"] = f"{fields['subject']}{rest[label.start() : end].rstrip()}"
        elif kind not in fields:
            fields[kind] = rest[label.end() : end].strip()
    return fields
