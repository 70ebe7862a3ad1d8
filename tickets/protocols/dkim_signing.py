"""Signs outgoing mail with DKIM (RFC 6376), if a key is set. A key that does not work never stops a mail.

The key is read for each mail, so that a corrected one works without a restart. No message here contains any of it.
"""

import logging
from pathlib import Path

import dkim
from django.conf import settings
from django.utils.encoding import punycode

logger = logging.getLogger(__name__)

# What is signed if the mail has it. A header that is missing stays open for servers on the way to add.
SIGNED_HEADERS = (
    b"from", b"to", b"cc", b"reply-to", b"subject", b"date", b"message-id", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding", b"auto-submitted", b"list-unsubscribe",
    b"list-unsubscribe-post",
)  # fmt: skip
_PROBE = b"From: desk@example.com\r\nSubject: probe\r\n\r\nprobe\r\n"


class SigningProblem(Exception):
    """No mail can be signed. ``str()`` is a sentence for operators, without any part of the key."""


def signed(data: bytes, *, domain: str, name: str) -> bytes:
    """The mail with a signature of its sender's domain; unsigned if no key is set for it or the key does not work.

    ``domain`` is in ASCII; ``name`` tells the log which mail leaves without a signature.
    """
    if not settings.DKIM_KEY_FILE or domain.lower() not in map(punycode, settings.DKIM_DOMAINS):
        return data
    try:
        return _signature(data, domain.lower()) + data
    except SigningProblem as problem:
        logger.error("Mail %s leaves without a DKIM signature: %s", name, problem)
        return data


def check_key() -> None:
    """Sign a probe. Raises SigningProblem if the settings do not allow it."""
    _signature(_PROBE, "example.com")


def _signature(data: bytes, domain: str) -> bytes:
    """The header that goes before the mail. Line ends are CRLF; blanks that servers change do not matter."""
    if not settings.DKIM_SELECTOR:
        raise SigningProblem("DKIM_SELECTOR is not set.")
    present = {line.partition(b":")[0].lower() for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n")}
    try:
        header = dkim.sign(
            data,
            settings.DKIM_SELECTOR.encode("ascii"),
            domain.encode("ascii"),
            _key(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name for name in SIGNED_HEADERS if name in present],
        )
    except (dkim.DKIMException, ValueError, TypeError, ArithmeticError, LookupError) as error:
        words = f"The key in {settings.DKIM_KEY_FILE} is no RSA key in PEM form ({type(error).__name__})."
        raise SigningProblem(words) from None
    return bytes(header)


def _key() -> bytes:
    try:
        return Path(settings.DKIM_KEY_FILE).read_bytes()
    except OSError as error:
        raise SigningProblem(f"{settings.DKIM_KEY_FILE} cannot be read: {error.strerror}.") from error
