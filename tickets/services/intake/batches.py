"""Processes stored mails several at a time: in one transaction, each a piece of work of its own.

A commit, the look at mailboxes, writers and contracts, the statements that insert rows and the word to the delivery of
the outbox then serve all of them. A mail that fails leaves nothing behind, and `processing.process` takes it alone and
keeps its error; so it does with one that has files, which must be stored while no ticket is locked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, takewhile

from django.db import transaction
from django.db.models import QuerySet

from customers.work_ids import mail_work_id, working_on
from tickets.choices import IntakeState
from tickets.lib.waiting_rows import RowsRefused, piece_of_work, written_together
from tickets.mail.values import ParsedMail
from tickets.models import InboundEmail
from tickets.search.indexing import indexed_together
from tickets.search.mails import mails_indexed_together
from tickets.services.intake.faults import is_passing
from tickets.services.intake.incoming_mail import ParsedWithFiles, parse_stored, remember_writers
from tickets.services.intake.processing import FilesFirst, bring_to_ticket, has_files
from tickets.services.intake.sender_turns import whose_turn_it_is
from tickets.services.mailboxes import remember_mailboxes

logger = logging.getLogger(__name__)

MOST_TOGETHER = 20  # their tickets stay locked until the last one is done: some tenths of a second
BYTES_TOGETHER = 2_000_000  # mails with large files are parsed alone, so that nobody waits for them


@dataclass(frozen=True)
class Batch:
    """How many mails were done, and the keys of those that must be processed alone."""

    done: int
    left: Sequence[int]


def waiting_with(inbound: int) -> list[int]:
    """The key of a mail and those of others that wait: all that go together if it is among the oldest. One query."""
    oldest = _waiting().order_by("received_at").values_list("pk", "size")[:MOST_TOGETHER]
    return next((batch for batch in in_batches(list(oldest)) if inbound in batch), [inbound])


def in_batches(mails: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Part mails (key and size in bytes) into batches, in their order. A large mail is a batch of its own."""
    rest = list(mails)
    while rest:
        sizes = accumulate(size for _key, size in rest[:MOST_TOGETHER])
        number = max(1, sum(1 for _size in takewhile(lambda size: size <= BYTES_TOGETHER, sizes)))
        yield [key for key, _size in rest[:number]]
        rest = rest[number:]


def process_together(mails: Sequence[int], *, now: datetime) -> Batch:
    """Process those of the mails that are stored and that no other worker has, oldest first.

    Raises a passing fault if the transaction is lost as a whole; then each mail is as it was.
    """
    try:
        return _process_together(mails, now=now)
    except RowsRefused as refused:
        cause = refused.__cause__
        if isinstance(cause, Exception) and is_passing(cause):
            raise cause from refused
        logger.info("Mails %s are processed alone: %s", mails, refused)
        return Batch(0, mails)


def _process_together(mails: Sequence[int], *, now: datetime) -> Batch:
    left: list[int] = []
    with (
        transaction.atomic(durable=True),
        written_together(len(mails)),
        indexed_together(),
        mails_indexed_together(),
        remember_mailboxes() as mailboxes,
    ):
        ours = whose_turn_it_is(mails)
        left += sorted({*mails} - {*ours})
        rows = _waiting().filter(pk__in=ours).select_for_update(skip_locked=True)
        stored = list(rows.order_by("received_at", "pk"))
        parsed = dict(_parsed(stored))
        with suppress(Exception), piece_of_work():  # each mail asks for its own then
            remember_writers(
                [(row, parsed[row.pk]) for row in stored if row.pk in parsed], mailboxes, now=now
            )
        for row in stored:
            if not _try_one(row, parsed.pop(row.pk, None), now=now):
                left.append(row.pk)
    return Batch(sum(row.pk not in left for row in stored), left)


def _parsed(rows: Sequence[InboundEmail]) -> Iterator[tuple[int, ParsedMail]]:
    """Each mail that can be read, by its key. Another meets its error in its turn."""
    for row in rows:
        with suppress(Exception):
            yield row.pk, parse_stored(row)


def _try_one(row: InboundEmail, mail: ParsedMail | None, *, now: datetime) -> bool:
    """False if the mail failed or has files, and nothing of it happened."""
    if mail is not None and has_files(row, mail):
        return False
    parsed = ParsedWithFiles(mail, ()) if mail is not None else None
    try:
        with working_on(mail_work_id(row.pk)), indexed_together(), piece_of_work():
            bring_to_ticket(row, now=now, waits=True, parsed=parsed)
    except RowsRefused:
        raise
    except FilesFirst:
        return False
    except Exception as error:  # whatever it was, the mail meets it again alone, where it is kept
        logger.info("Mail %s is processed alone: %s", row.pk, error)
        return False
    return True


def _waiting() -> QuerySet[InboundEmail]:
    return InboundEmail.objects.filter(state=IntakeState.STORED)
