"""A fingerprint of a mail's content: the same for every copy, whatever way it came."""

import hashlib

from tickets.mail.headers import Headers
from tickets.mail.mime_tree import MimePart

_SAID = ("From", "Date", "Subject")


def content_digest(headers: Headers, root: MimePart) -> str:
    """sha256, hexadecimal, over From, Date, Subject and the decoded parts; trace headers do not count."""
    seen = hashlib.sha256()
    for name in _SAID:
        seen.update(headers.text(name).encode("utf-8") + b"\0")
    for leaf in root.leaves():
        seen.update(leaf.type.encode("utf-8", "replace") + b"\0")
        seen.update(leaf.body.replace(b"\r\n", b"\n").rstrip() + b"\0")
    return seen.hexdigest()
