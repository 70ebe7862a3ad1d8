"""Masks the secrets in what a server says: some repeat the command that they refuse, as it was sent or encoded."""

from __future__ import annotations

import html
import json
import re
import traceback
from base64 import b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"
LEAST_INSIDE = 4  # a shorter secret is masked as a word of its own only: every sentence holds its letters
LEAST_CORE = 4  # characters of BASE64 that belong to the secret alone
LONGEST_SEARCHED = 50_000  # characters of an answer; what comes behind is left out
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/_-]|%2[BbFf]){4,}(?:=|%3[Dd]){0,2}")
_URL_PART = re.compile(r"[^\s&=?\"'<>,;]+")


def without_secrets(text: str, secrets: Iterable[str | None]) -> str:
    """The text with every secret masked: plain, quoted, escaped, percent-encoded, or inside BASE64.

    BASE64 is masked as a whole, since it also holds the user name of SASL PLAIN (RFC 4616) or of XOAUTH2.
    """
    text = text[:LONGEST_SEARCHED]
    for secret in sorted({secret for secret in secrets if secret}, key=len, reverse=True):
        text = _without(text, secret)
    return text


def traceback_without_secrets(error: BaseException, secrets: Iterable[str | None]) -> str:
    """For a log."""
    return without_secrets("".join(traceback.format_exception(error)), secrets)


def _without(text: str, secret: str) -> str:
    cores = [core for core in _cores(secret) if len(core) >= LEAST_CORE]
    text = _BASE64.sub(lambda run: MASK if _holds(run[0], cores) else run[0], text)
    text = _spellings(secret).sub(MASK, text)
    if "%" not in text or len(secret) < LEAST_INSIDE:
        return text
    key = secret.casefold()
    return _URL_PART.sub(lambda part: MASK if key in unquote_plus(part[0]).casefold() else part[0], text)


def _holds(run: str, cores: Iterable[str]) -> bool:
    standard = unquote(run).replace("-", "+").replace("_", "/")
    return any(core in standard for core in cores)


def _cores(secret: str) -> Iterator[str]:
    """What is the same in every BASE64 text that the secret's bytes are part of: one for each place in a group of 3."""
    data = secret.encode("utf-8", "surrogateescape")
    for before in range(3):
        encoded = b64encode(bytes(before) + data).decode()
        begins = (0, 2, 3)[before]
        ends = (before + len(data)) * 8 // 6  # characters whose six bits are all known
        yield encoded[begins:ends]


def _spellings(secret: str) -> re.Pattern[str]:
    quoted = secret.replace("\\", "\\\\").replace('"', '\\"')  # as IMAP sends it
    sent = (secret, quoted)
    spelled = {
        *sent,
        *(repr(form.encode("utf-8", "surrogateescape"))[2:-1] for form in sent),
        json.dumps(secret)[1:-1],
        html.escape(secret),
        quote(secret, safe="", errors="surrogateescape"),
        quote_plus(secret, errors="surrogateescape"),
    }
    either = "|".join(re.escape(form) for form in sorted(spelled, key=len, reverse=True))
    is_short = len(secret) < LEAST_INSIDE
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)" if is_short else either, re.IGNORECASE)
