"""Reads Outlook's winmail.dat (TNEF): the files inside it, and the text."""

import logging
from dataclasses import dataclass

from tnefparse.tnef import TNEF

from tickets.mail.charsets import decode
from tickets.mail.storable_text import storable

MAX_FILES = 100
MAX_OBJECTS = 2_000

_OBJECT_HEAD = 9
_SIGNATURE = b"\x78\x9f\x3e\x22"

logging.getLogger("tnef-decode").setLevel(logging.CRITICAL)  # it logs each property it does not know


def is_winmail(name: str, content_type: str, data: bytes) -> bool:
    is_named = name.lower() == "winmail.dat" or content_type in (
        "application/ms-tnef",
        "application/vnd.ms-tnef",
    )
    return is_named and data.startswith(_SIGNATURE) and _object_count(data) <= MAX_OBJECTS


def _object_count(data: bytes) -> int:
    """Count the objects. The library copies the remaining bytes for each, so too many would cost quadratic time."""
    count, at = 0, 6
    while at + _OBJECT_HEAD < len(data) and count <= MAX_OBJECTS:
        at += _OBJECT_HEAD + int.from_bytes(data[at + 5 : at + 9], "little") + 2
        count += 1
    return count


@dataclass(frozen=True, slots=True)
class Winmail:
    """The content: names and bytes of the files, and the text if Outlook put it there as well."""

    files: tuple[tuple[str, bytes], ...] = ()
    text: str = ""


def unpack_winmail(data: bytes) -> Winmail:
    """Unpack the file. Empty if it is broken, as the attachment itself is kept anyway."""
    try:
        tnef = TNEF(data, do_checksum=False)  # type: ignore[no-untyped-call]
        named = [file for file in tnef.attachments[:MAX_FILES] if file.data]
        files = tuple((str(file.long_filename() or file.name), bytes(file.data)) for file in named)
        return Winmail(files, _text(tnef.body))
    except Exception:  # the library raises any kind of error on hostile bytes
        return Winmail()


def _text(body: object) -> str:
    text = decode(body) if isinstance(body, bytes) else str(body or "")
    return storable(text).strip()
