"""Reads a forwarded mail out of the text around it: who wrote it, its subject and its words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tickets.mail import quote_shapes as shapes
from tickets.mail.header_blocks import HeaderBlock, label_kind, read_block, read_glued
from tickets.mail.quote_attributions import find_attributions, is_certain_attribution, joined
from tickets.mail.quote_shapes import SubjectKind, split_subject
from tickets.mail.values import ForwardedMail, ParsedMail

MAX_CHARS = 400_000
MAX_LINES = 5_000
MAX_LINES_BELOW_MARK = 7
MIN_INDENT = 3  # format=flowed takes one of the four blanks

_MAILTO = re.compile(r"\s?[<\[]mailto:([^<>\[\]]{1,300})[>\]]")
_ADDRESS = re.compile(r"[<(\[]\s?([^\s<>()\[\]\"',;]{1,128}@[^\s<>()\[\]\"',;]{1,255})\s?[>)\]]")
_BARE_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;]{1,128}@[^\s<>()\[\]\"',;]{1,255}")
_ON_BEHALF = re.compile(
    r"\s(?:on behalf of|im auftrag von|de la part de|en nombre de|em nome de|per conto di|namens|代表|代理)\s",
    re.IGNORECASE,
)
_QUOTED_NAME = re.compile(r"[\"“„«]\s?([^\"“”„«»]{1,200}?)\s?[\"”“»]\s?$")
_BEFORE_NAME = re.compile(
    r"\A.*(?:\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s?[ap]\.?m\.?\b)?|\b\d{4}\b|[年月日])(?:\s?(?:uhr|h|gmt|utc|cet)\b\S{0,6})?",
    re.IGNORECASE | re.DOTALL,
)
_VERBS_BEFORE_NAME = re.compile(
    r"^(?:heeft|schrieb|skrev|schreef|időpontban|používateľ|uživatel|пользователь|користувач|użytkownik|написал|від|от)\s+",
    re.IGNORECASE,
)
_NAME_EDGES = " \t\xa0,;:\"'‘’“”„«»*<([|"
_QUOTE_SIGN = re.compile(r"\s{0,2}> ?")


def forwarded_mail(mail: ParsedMail) -> ForwardedMail | None:
    """The mail that `mail` forwards in its text; None if it forwards none or does not name its author."""
    return read_forward(mail.text, mail.subject)


def read_forward(text: str, subject: str) -> ForwardedMail | None:
    """The mail forwarded in `text` under that subject; None for a mail that merely quotes, as an answer does."""
    lines = text[:MAX_CHARS].split("\n")[:MAX_LINES]
    kind, bare_subject = split_subject(subject, "\n".join(lines))
    return _ForwardSearch(lines, kind, bare_subject).run()


@dataclass(slots=True)
class _ForwardSearch:
    """Goes down the text to the first thing that mail programs write above a forwarded mail."""

    lines: list[str]
    kind: SubjectKind
    subject: str

    def run(self) -> ForwardedMail | None:
        attributions = {start: below for below, start in find_attributions(self.lines).items()}
        for index, line in enumerate(self.lines):
            if shapes.is_forward_mark(line):
                return self._below_mark(index)
            if shapes.is_separator(line):
                return self._below_mark(index) if self._may_forward_below(line) else None
            if index in attributions and self._is_certain(index, attributions[index]):
                return self._attributed(index, attributions[index])
            if label_kind(line) in ("from", "date", "subject"):
                block = read_block(self.lines, index)
                if block is not None and self._is_old_mail(block, index):
                    return None if self.kind is SubjectKind.REPLY else self._from_block(block, index)
        return None

    def _may_forward_below(self, separator: str) -> bool:
        """True if subject or separator say that this is a forward: replies use `-----Original Message-----` too."""
        if self.kind is SubjectKind.NEW:
            return not shapes.is_reply_separator(separator)
        return self.kind is SubjectKind.FORWARD

    def _below_mark(self, mark: int) -> ForwardedMail | None:
        """The mail whose headers follow a mark, glued to it or after a blank line or two."""
        rest = self.lines[mark][shapes.forward_mark_end(self.lines[mark]) :]
        for index, line in ((mark, rest), *self._lines_below(mark)):
            glued = read_glued(line.lstrip("> "))
            if glued:
                return self._from_block(HeaderBlock(glued, index + 1), index)
            block = read_block(self.lines, index, below_mark=True) if index > mark else None
            if block is not None:
                return self._from_block(block, index)
        return None

    def _lines_below(self, mark: int) -> list[tuple[int, str]]:
        end = min(mark + MAX_LINES_BELOW_MARK, len(self.lines))
        return [(at, self.lines[at]) for at in range(mark + 1, end) if self.lines[at].strip("> \t\xa0")]

    def _is_certain(self, start: int, below: int) -> bool:
        return is_certain_attribution(joined(self.lines[start:below]))

    def _is_old_mail(self, block: HeaderBlock, index: int) -> bool:
        """True if the block names sender, date and one more header; a list typed by hand lacks a time or an address."""
        if not block.has("from") or block.size < 3:
            return False
        if self.kind is SubjectKind.FORWARD:
            return block.has("date") or block.has("subject")
        is_below_rule = index > 0 and shapes.is_rule(self.lines[index - 1])
        is_whole = block.has("to", "subject") and ":" in block.fields.get("date", "")
        return block.has("date") and ("@" in block.sender or is_below_rule or is_whole)

    def _from_block(self, block: HeaderBlock, index: int) -> ForwardedMail | None:
        name, email = read_sender(block.sender)
        if not (name or email):
            return None
        is_quoted = shapes.is_quoted(self.lines[index])
        return ForwardedMail(
            name, email, block.subject or self.subject, _body(self.lines[block.end :], is_quoted)
        )

    def _attributed(self, start: int, below: int) -> ForwardedMail | None:
        """The mail below `On ... wrote:`, as Outlook for Mac forwards; only under a subject that says forward."""
        if self.kind is not SubjectKind.FORWARD:
            return None
        name, email = attributed_sender(joined(self.lines[start:below]))
        is_quoted = shapes.is_quoted(self.lines[start])
        return (
            ForwardedMail(name, email, self.subject, _body(self.lines[below:], is_quoted)) if email else None
        )


def read_sender(value: str) -> tuple[str, str]:
    """Name and address of a From line as mail programs print it; either may be empty."""
    person = _chosen_person(value)
    plain = _MAILTO.sub("", person) if "@" in _MAILTO.sub("", person) else _MAILTO.sub(r" <\1>", person)
    angled = _ADDRESS.search(plain)
    if angled:
        return _name(plain[: angled.start()], angled[1]), angled[1]
    bare = _BARE_ADDRESS.search(plain)
    if bare:
        return _name(plain[: bare.start()] + plain[bare.end() :], bare[0]), bare[0]
    return _name(plain, ""), ""


def _chosen_person(value: str) -> str:
    """For `A on behalf of B`: A if A is a person with a name, else B."""
    parts = _ON_BEHALF.split(value, maxsplit=1)
    if len(parts) < 2 or read_sender(parts[0])[0]:
        return parts[0]
    return parts[1] if "@" in parts[1] else f"{parts[1]} <{read_sender(parts[0])[1]}>"


def _name(text: str, email: str) -> str:
    name = " ".join(text.split()).strip(_NAME_EDGES + ")>]").strip()
    return "" if name.casefold() == email.casefold() else name


def attributed_sender(line: str) -> tuple[str, str]:
    """Name and address in `On 5/1/2026 10:00, "Anna" <anna@b.example> wrote:`, in any language."""
    address = _ADDRESS.search(_MAILTO.sub("", line))
    if address is None:
        return "", ""
    before = _MAILTO.sub("", line)[: address.start()].rstrip(" (<[")
    quoted = _QUOTED_NAME.search(before)
    if quoted:
        return _name(quoted[1], address[1]), address[1]
    tail = _BEFORE_NAME.sub("", before, count=1).strip(_NAME_EDGES)
    return _name(_VERBS_BEFORE_NAME.sub("", tail), address[1]), address[1]


def _body(lines: Sequence[str], is_quoted: bool) -> str:
    """The forwarded words without the quote marks or the indent that was put before each line."""
    kept = list(lines)
    if is_quoted or _is_all_quoted(kept):
        kept = [_QUOTE_SIGN.sub("", line, count=1) for line in _up_to_last_quoted(kept)]
    elif indent := _indent(kept):
        kept = [line[indent:] for line in kept]
    return "\n".join(line.rstrip() for line in kept).strip()


def _is_all_quoted(lines: Sequence[str]) -> bool:
    filled = [line for line in lines if line.strip()]
    return bool(filled) and all(shapes.is_quoted(line) for line in filled)


def _indent(lines: Sequence[str]) -> int:
    """How far all lines are indented; 0 if it is less than a mail program would indent."""
    depth = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    return depth if depth >= MIN_INDENT else 0


def _up_to_last_quoted(lines: Sequence[str]) -> Sequence[str]:
    """The lines up to the last quoted one; whoever forwarded the mail wrote what is below it."""
    last = max((at for at, line in enumerate(lines) if shapes.is_quoted(line)), default=-1)
    return lines[: last + 1]
