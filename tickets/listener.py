"""The desk's own mail servers: LMTP for a mail server on the same host, SMTP for senders that speak only that.

A mail is answered with 250 only after it is committed. Faults of our own are answered with 4xx, so that the other
side keeps the mail and tries again. Processing comes later, in the queue.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import Error as DatabaseFault
from django.db import close_old_connections

from customers import time_of_record
from tickets.models import Mailbox
from tickets.services.intake import receive_raw
from tickets.services.mailboxes import mailbox_for

logger = logging.getLogger(__name__)

T = TypeVar("T")
TRY_LATER = "451 4.3.0 The mail could not be stored and was not accepted; please try again later"
STORED = "250 2.0.0 Stored"
# Database work runs in these threads; a few are enough, as each mail takes milliseconds.
THREADS = 4
# Seconds the last answers get to leave after the server was told to stop.
CLOSING_SECONDS = 0.3


@dataclass(frozen=True)
class EnvelopeShare:
    """One mailbox's share of an SMTP transaction: all recipients of the envelope that lead to this mailbox."""

    mailbox: Mailbox
    recipients: tuple[str, ...]


class MailServerHooks:
    """Takes the recipients and the data of each mail transaction, as aiosmtpd's handler hooks."""

    def __init__(self, via: str, *, read_clock: Callable[[], datetime] = time_of_record.now) -> None:
        self.via = via
        self.read_clock = read_clock
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix=via)

    async def handle_RCPT(  # the name aiosmtpd expects
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        address = printable(address)
        try:
            mailbox = await self._in_thread(mailbox_for, address)
        except DatabaseFault:
            logger.exception("Cannot look up a recipient")
            return "451 4.3.0 Recipients cannot be looked up now; please try again later"
        if mailbox is None:
            return f"550 5.1.1 <{address}>: this desk has no mailbox with this address"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        answers = await self._in_thread(self._store, envelope)
        if isinstance(server, RecipientwiseLMTP):
            return "\r\n".join(answers)
        return max(answers)  # one that must get it again (451) outweighs those that stored it (250)

    async def handle_exception(self, error: Exception) -> str:
        logger.error("A mail session failed", exc_info=error)
        return TRY_LATER

    def close(self) -> None:
        self.threads.shutdown(wait=True)

    def _store(self, envelope: Envelope) -> list[str]:
        """Store the mail once per mailbox. Returns an answer per recipient, in the order of the envelope."""
        at = self.read_clock()
        answers: dict[str, str] = {}
        for delivery in share_by_mailbox(envelope.rcpt_tos):
            answers |= dict.fromkeys(delivery.recipients, self._store_one(envelope, delivery, at))
        return [answers.get(recipient, TRY_LATER) for recipient in envelope.rcpt_tos]

    def _store_one(self, envelope: Envelope, delivery: EnvelopeShare, at: datetime) -> str:
        try:
            receive_raw(
                raw=envelope.original_content or b"",
                received_at=at,
                via=self.via,
                envelope_from=envelope_sender(envelope),
                envelope_to=delivery.recipients,
                mailbox=delivery.mailbox,
            )
        except Exception:  # whatever it was, it is our fault: the other side must keep the mail
            logger.exception("A mail to %s could not be stored", delivery.mailbox.address)
            return TRY_LATER
        return STORED

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, partial(with_fresh_connection, work, *arguments))


class BigLineSMTP(SMTP):
    """Accepts lines as long as a whole mail: real HTML mail has them, although RFC 5321 forbids it."""

    def __init__(self, handler: MailServerHooks, *, most_bytes: int, **more: Any) -> None:
        self.line_length_limit = most_bytes
        super().__init__(
            handler, data_size_limit=most_bytes, enable_SMTPUTF8=True, ident="supportdesk", **more
        )


class RecipientwiseLMTP(BigLineSMTP, LMTP):
    """Answers the end of DATA once for each accepted recipient (RFC 2033, 4.2); aiosmtpd answers only once.

    The same goes for aiosmtpd's own refusals, for example of a mail that is too big.
    """

    answers_owed = 0

    async def push(self, status: str | bytes) -> None:
        text = status if isinstance(status, str) else status.decode("utf-8")
        if text.startswith("354 ") and self.envelope:
            await super().push(text)
            self.answers_owed = len(self.envelope.rcpt_tos)
            return
        owed, self.answers_owed = self.answers_owed, 0
        if owed > 1 and "\r\n" not in text:
            text = "\r\n".join([text] * owed)
        await super().push(text)


@dataclass(frozen=True)
class Endpoint:
    """Where one server listens. `via` is "lmtp" or "smtp"."""

    via: str
    host: str
    port: int


async def serve(
    doors: Sequence[Endpoint], *, most_bytes: int, opened: Callable[[list[int]], None], stop: asyncio.Event
) -> None:
    """Listen until `stop` is set, then finish storing what has arrived. `opened` is called with the ports."""
    desks = [MailServerHooks(door.via) for door in doors]
    servers = [await _open_server(door, desk, most_bytes) for door, desk in zip(doors, desks, strict=True)]
    opened([server.sockets[0].getsockname()[1] for server in servers])
    await stop.wait()
    for server in servers:
        server.close()
    for desk in desks:
        await asyncio.to_thread(desk.close)
    await _finish_sessions()


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set the event on SIGTERM and SIGINT. Call this inside the running loop of the main thread."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


def share_by_mailbox(recipients: Sequence[str]) -> list[EnvelopeShare]:
    """Group recipients by mailbox: a mail to two addresses of one mailbox is stored there once."""
    groups: dict[int, tuple[Mailbox, list[str]]] = {}
    for recipient in recipients:
        mailbox = mailbox_for(recipient)
        if mailbox is not None:
            groups.setdefault(mailbox.pk, (mailbox, []))[1].append(recipient)
    return [EnvelopeShare(mailbox, tuple(names)) for mailbox, names in groups.values()]


def envelope_sender(envelope: Envelope) -> str:
    """The envelope sender; empty for the null sender of bounces and other automatic mail."""
    address = printable(envelope.mail_from or "")
    return "" if address == "<>" else address


def printable(address: str) -> str:
    """The address as text that any database and any reply can hold, whatever bytes were sent."""
    return address.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def with_fresh_connection(work: Callable[..., T], *arguments: Any) -> T:
    """Run database work in a thread that outlives any single connection."""
    close_old_connections()
    try:
        return work(*arguments)
    finally:
        close_old_connections()


async def _open_server(door: Endpoint, desk: MailServerHooks, most_bytes: int) -> asyncio.Server:
    protocol = RecipientwiseLMTP if door.via == "lmtp" else BigLineSMTP
    loop = asyncio.get_running_loop()
    # We give the name ourselves: otherwise aiosmtpd would ask the DNS for it and wait.
    factory = partial(protocol, desk, most_bytes=most_bytes, loop=loop, hostname="supportdesk")
    return await loop.create_server(factory, door.host, door.port)


async def _finish_sessions() -> None:
    sessions = asyncio.all_tasks() - {asyncio.current_task()}
    if sessions:
        await asyncio.wait(sessions, timeout=CLOSING_SECONDS)
    for session in sessions:
        session.cancel()
