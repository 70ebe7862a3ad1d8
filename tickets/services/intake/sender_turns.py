"""Mails of one sender are processed one after another, so that a limit holds however many workers there are.

A worker that counts while another has opened a ticket and not committed yet sees one ticket less. On PostgreSQL the
turn of a sender is an advisory lock until the transaction ends, taken before any row is locked, so that nobody waits in
a circle; on SQLite only one transaction writes anyway. All addresses of a company share a turn, as they share a limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from email.utils import parseaddr

from django.db import connection

from customers.addresses import address_key
from customers.public_domains import company_domain, in_ascii

# The first half of the lock's key, which nothing else in the desk uses.
SENDERS = 0x5D5E
LONGEST_FROM = 1_000
_WAIT = "SELECT pg_advisory_xact_lock(%s, turn) FROM tickets_inboundemail WHERE id = %s"
_TRY = "SELECT id, pg_try_advisory_xact_lock(%s, turn) FROM tickets_inboundemail WHERE id = ANY(%s)"


def turn_of(sender: bytes) -> int:
    """A number for the company in a From header, or for the address at a public provider."""
    address = parseaddr(sender[:LONGEST_FROM].decode("utf-8", "replace"))[1]
    name = in_ascii(company_domain(address)) or address_key(address)
    return zlib.crc32(name.encode("utf-8", "replace")) - 2**31


def wait_for_turn(mail: int) -> None:
    """Wait until nobody else has a mail of this one's sender. Call it first in the transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_WAIT, [SENDERS, mail])


def whose_turn_it_is(mails: Sequence[int]) -> Sequence[int]:
    """Those of the mails whose senders nobody else has, without waiting: a batch has several senders."""
    if connection.vendor != "postgresql":
        return mails
    with connection.cursor() as cursor:
        cursor.execute(_TRY, [SENDERS, list(mails)])
        return [key for key, is_ours in cursor.fetchall() if is_ours is not False]
