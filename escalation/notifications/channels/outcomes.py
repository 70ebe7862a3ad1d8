"""The outcome of one attempt, as values without secrets."""

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from errno import EHOSTUNREACH, ENETUNREACH

import requests
from django.utils.translation import gettext, gettext_noop

from escalation.choices import AttemptOutcome
from tickets.protocols.http import NoName, PrivateTarget, innermost_cause

LONGEST = 500
# Shorter parts of an address are words such as "im" or "v2", and masking them would make every answer unreadable.
LEAST_SECRET = 6

# Why nothing was sent, or why no response came: our own sentences among those of services. They are stored in English
# and translated for the reader.
NO_NAME = gettext_noop("The host name cannot be resolved. Check the spelling.")
PRIVATE = gettext_noop("The address is private, so nothing is sent to it.")
NOT_TAKEN = gettext_noop("The host refused the connection: nothing is listening there.")
NO_WAY_THERE = gettext_noop("There is no network route to this host.")
NO_CERTIFICATE = gettext_noop("The host has no valid certificate for its name, so nothing is sent to it.")
NO_TLS = gettext_noop("The encrypted connection failed.")
HUNG_UP = gettext_noop("The host closed the connection without a response.")
LATE = gettext_noop("No response in time.")
UNREADABLE = gettext_noop("The address can no longer be used. Enter it again.")
NOTHING_SENT = gettext_noop("The service was not asked to send anything. Check the address.")
BROKEN = gettext_noop("The connection failed.")
NOT_SENT = gettext_noop("It could not be sent.")
UNWRITTEN = gettext_noop("The notification text could not be created.")
NO_WAY = gettext_noop("No contact method has been entered for this group.")
STRAYED = gettext_noop("The ticket now belongs to another customer.")
REASONS = (
    NO_NAME, PRIVATE, NOT_TAKEN, NO_WAY_THERE, NO_CERTIFICATE, NO_TLS, HUNG_UP, LATE, UNREADABLE, NOTHING_SENT, BROKEN,
    NOT_SENT, UNWRITTEN, NO_WAY, STRAYED,
)  # fmt: skip


@dataclass(frozen=True)
class AttemptReport:
    """``text`` is the service's response, or one of REASONS, some followed by the kind of error in brackets."""

    outcome: AttemptOutcome
    text: str = ""
    milliseconds: int | None = None

    @property
    def is_accepted(self) -> bool:
        return self.outcome == AttemptOutcome.ACCEPTED


def cleaned(text: str, secrets: Iterable[str]) -> str:
    """One short line with the secrets masked by asterisks."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= LEAST_SECRET:
            text = text.replace(secret, "***")
    return " ".join(text.replace("\x00", "").split())[:LONGEST]


def reason_of(cause: BaseException) -> str:
    """Why a connection failed: one of REASONS, which contain no address."""
    match cause:
        case socket.gaierror():
            return NO_NAME
        case ssl.SSLCertVerificationError():
            return NO_CERTIFICATE
        case ssl.SSLError():
            return NO_TLS
        case TimeoutError():
            return LATE
        case ConnectionRefusedError():
            return NOT_TAKEN
        case ConnectionError():
            return HUNG_UP
        case OSError(errno=code) if code in (ENETUNREACH, EHOSTUNREACH):
            return NO_WAY_THERE
        case _other:
            return with_kind(BROKEN, cause)


def http_reason_of(problem: requests.RequestException) -> str:
    """Why no response came from a host: one of REASONS, which contain no address."""
    cause = innermost_cause(problem)
    if isinstance(problem, requests.Timeout):
        return LATE
    if isinstance(cause, PrivateTarget):
        return PRIVATE
    if isinstance(cause, NoName):
        return NO_NAME
    if isinstance(problem, ValueError):  # what requests raises for an invalid URL
        return UNREADABLE
    return reason_of(cause)


def with_kind(reason: str, error: BaseException) -> str:
    return f"{reason} ({type(error).__name__})"


def translate_answer(text: str) -> str:
    """The text in the reader's language, if it is one of ours."""
    reason = next((known for known in REASONS if text.startswith(known)), None)
    return gettext(reason) + text.removeprefix(reason) if reason is not None else text
