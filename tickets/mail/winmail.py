"""Outlook's winmail.dat (TNEF): the files inside it."""

import logging
from collections.abc import Iterator

from tnefparse.tnef import TNEF

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
    """The library copies what is left for each object: too many would cost quadratic time."""
    count, at = 0, 6
    while at + _OBJECT_HEAD < len(data) and count <= MAX_OBJECTS:
        at += _OBJECT_HEAD + int.from_bytes(data[at + 5 : at + 9], "little") + 2
        count += 1
    return count


def unpack_winmail(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents; nothing when the file is broken, which is kept as it is anyway."""
    try:
        tnef = TNEF(data, do_checksum=False)  # type: ignore[no-untyped-call]
        named = [one for one in tnef.attachments[:MAX_FILES] if one.data]
        files = [(str(one.long_filename() or one.name), bytes(one.data)) for one in named]
    except Exception:  # the library raises whatever its struct reading meets in hostile bytes
        return
    yield from files
