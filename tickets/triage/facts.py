"""What rules look at in one mail."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from customers.choices import Scenario
from tickets.choices import FileKind
from tickets.mail.values import ParsedMail
from tickets.triage.readable_text import readable

_IMPORTANT = {"importance": ("high",), "priority": ("urgent",), "x-msmail-priority": ("high",)}
_ARCHIVES = ("zip", "x-zip", "gzip", "x-tar", "x-7z", "x-rar", "vnd.rar", "x-bzip", "x-xz", "zstd")
_DOCUMENTS = ("pdf", "msword", "vnd.ms-", "vnd.openxmlformats", "vnd.oasis", "rtf")
_ENDINGS = {
    ("zip", "gz", "tgz", "tar", "7z", "rar", "bz2", "xz", "zst"): FileKind.ARCHIVE,
    ("pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "rtf"): FileKind.DOCUMENT,
    ("log", "txt", "csv", "json", "xml"): FileKind.TEXT,
    ("mp4", "mov", "webm", "mkv", "mp3", "wav", "m4a", "aac"): FileKind.RECORDING,
    ("png", "jpg", "jpeg", "gif", "webp", "heic"): FileKind.IMAGE,
}


@dataclass(frozen=True)
class MailFacts:
    """``text`` is the subject and the new words as `readable` prepares them; addresses are casefolded."""

    mailbox: int | None
    sender: str
    customer: int | None
    scenario: str
    text: str
    headers: Collection[tuple[str, str]] = ()
    files: Collection[FileKind] = field(default=frozenset())
    is_important: bool = False


def facts_of(
    mail: ParsedMail, *, mailbox: int | None, sender: str, customer: int | None, scenario: str, words: str
) -> MailFacts:
    """``words`` is the new text of the person whose mail this is."""
    headers = tuple((name.casefold(), value.strip()) for name, value in mail.headers)
    return MailFacts(
        mailbox=mailbox,
        sender=sender.casefold(),
        customer=customer,
        scenario=Scenario(scenario) if scenario else "",
        text=readable(mail.subject, words),
        headers=headers,
        files=frozenset(_kinds(mail)),
        is_important=any(_says_important(name, value) for name, value in headers),
    )


def _says_important(name: str, value: str) -> bool:
    """Outlook writes Importance, others X-Priority: 1 (highest) or 2 (high), then a word."""
    if name == "x-priority":
        return value[:1] in ("1", "2") and not value[1:2].isdigit()
    return value.casefold() in _IMPORTANT.get(name, ())


def _kinds(mail: ParsedMail) -> Iterator[FileKind]:
    for file in mail.attachments:
        kind = _kind_of(file.content_type.casefold(), file.name.casefold())
        if kind is not None:
            yield kind


def _kind_of(content_type: str, name: str) -> FileKind | None:
    """By the content type, or by the name's ending where the type says nothing."""
    family, _slash, subtype = content_type.partition("/")
    ending = name.rpartition(".")[2]
    if content_type == "message/rfc822":
        return FileKind.MAIL
    if family in ("image", "text"):
        return FileKind(family)
    if family in ("audio", "video"):
        return FileKind.RECORDING
    if subtype.startswith(_ARCHIVES):
        return FileKind.ARCHIVE
    if subtype.startswith(_DOCUMENTS):
        return FileKind.DOCUMENT
    return next((kind for endings, kind in _ENDINGS.items() if ending in endings), None)
