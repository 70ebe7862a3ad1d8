"""Binds the signed addresses and Message-IDs of tickets.mail.threading to the desk's keys."""

import secrets
from collections.abc import Iterable

from django.conf import settings

from tickets.mail.threading import (
    ThreadClues,
    make_message_id,
    make_reply_address,
    thread_clues,
)
from tickets.mail.values import ParsedMail

NO_TICKET = 0


def reply_address(address: str, ticket: int) -> str:
    """``support+t12-<token>@...``: whoever has it may write into ticket 12."""
    return make_reply_address(address, ticket_number=ticket, secret=signing_keys()[0])


def new_message_id(ticket: int | None, domain: str) -> str:
    """A new Message-ID, without angle brackets, that names the ticket and proves that we made it."""
    return make_message_id(
        ticket_number=ticket or NO_TICKET,
        serial=secrets.token_hex(8),
        domain=domain,
        secret=signing_keys()[0],
    )


def clues_of(mail: ParsedMail, *, envelope_to: Iterable[str]) -> ThreadClues:
    return thread_clues(mail, secrets=signing_keys(), envelope_to=envelope_to)


def signing_keys() -> list[bytes]:
    """The key that signs first, then those it replaced: answers come weeks later."""
    return [key.encode() for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
