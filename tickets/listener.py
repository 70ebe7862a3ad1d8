"""The desk's own mail servers: LMTP for a mail server on the same host, SMTP for senders that speak only that.

A mail is answered with 250 only after it is committed. Faults of our own, and a disk with too little room, are
answered with 4xx, so that the other side keeps the mail and tries again. Processing comes later, in the queue.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from weakref import WeakSet

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import Error as DatabaseFault
from django.db import close_old_connections

from customers import time_of_record
from tickets.lib.free_space import disk_room
from tickets.models import Mailbox
from tickets.services.intake import receive_raw
from tickets.services.mailboxes import mailbox_for

logger = logging.getLogger(__name__)

T = TypeVar("T")
TRY_LATER = "451 4.3.0 The mail could not be stored and was not accepted; please try again later"
NO_ROOM = "451 4.3.1 This desk has no room for mail now; please try again later"
STOPPING = "421 4.3.2 This desk is stopping; please try again later"
STORED = "250 2.0.0 Stored"
# Database work runs in these threads; a few are enough, as each mail takes milliseconds.
THREADS = 4
MOST_RECIPIENTS = 200  # of one transaction; RFC 5321, 4.5.3.1.8 asks for 100
# Seconds the last answers get to leave after the server was told to stop.
CLOSING_SECONDS = 0.3
REPORT_EVERY = 10.0


@dataclass
class Refusals:
    """How often mail was refused by a fault of ours since the last that was taken. Shared by all doors.

    ``at`` is in seconds of the monotonic clock: the database, whose time counts, may be away.
    """

    number: int = 0
    answer: str = ""
    at: float | None = None

    def count(self, answer: str, at: float) -> None:
        self.number, self.answer, self.at = self.number + 1, answer, at

    def forget(self) -> None:
        self.number, self.answer, self.at = 0, "", None


Report = Callable[[Refusals], None]


def report_to_nobody(_refusals: Refusals) -> None:
    """For a listener that no monitoring watches."""


@dataclass(frozen=True)
class EnvelopeShare:
    """One mailbox's share of an SMTP transaction: all recipients of the envelope that lead to this mailbox."""

    mailbox: Mailbox
    recipients: tuple[str, ...]


class MailServerHooks:
    """Takes the recipients and the data of each mail transaction, as aiosmtpd's handler hooks."""

    def __init__(
        self,
        via: str,
        *,
        refusals: Refusals | None = None,
        read_clock: Callable[[], datetime] = time_of_record.now,
    ) -> None:
        self.via = via
        self.refusals = refusals or Refusals()
        self.read_clock = read_clock
        self.is_stopping = False
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix=via)

    async def handle_RCPT(  # the name aiosmtpd expects
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        address = printable(address)
        if self.is_stopping:
            return STOPPING
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients; send to the others separately"
        if (room := disk_room()).is_used_up:
            logger.error("No mail is taken: %s has only %s MB left", room.folder, room.megabytes)
            return self._refuse(NO_ROOM)
        try:
            mailbox = await self._in_thread(mailbox_for, address)
        except DatabaseFault:
            logger.exception("Cannot look up a recipient")
            return self._refuse("451 4.3.0 Recipients cannot be looked up now; please try again later")
        if mailbox is None:
            return f"550 5.1.1 <{address}>: this desk has no mailbox with this address"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.is_stopping:
            return STOPPING
        answers = await self._in_thread(self._store, envelope)
        if isinstance(server, RecipientwiseLMTP):
            return "\r\n".join(answers)
        return max(answers)  # one that must get it again (451) outweighs those that stored it (250)

    async def handle_exception(self, error: Exception) -> str:
        logger.error("A mail session failed", exc_info=error)
        return self._refuse(TRY_LATER)

    def refuse_from_now_on(self) -> None:
        """Take no further mail. What is being stored is finished and answered."""
        self.is_stopping = True

    def close(self) -> None:
        self.threads.shutdown(wait=True)

    def _refuse(self, answer: str) -> str:
        self.refusals.count(answer, time.monotonic())
        return answer

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
            return self._refuse(TRY_LATER)
        self.refusals.forget()
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

    def say_goodbye(self) -> None:
        """Close the connection with the answer for it, whatever the other side is doing (RFC 5321, 3.8)."""
        if isinstance(self.transport, asyncio.Transport) and not self.transport.is_closing():
            self.transport.write(f"{STOPPING}\r\n".encode())
            self.transport.close()


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
    doors: Sequence[Endpoint],
    *,
    most_bytes: int,
    opened: Callable[[list[int]], None],
    stop: asyncio.Event,
    report: Report = report_to_nobody,
) -> None:
    """Listen until `stop` is set, then finish storing what has arrived. `opened` is called with the ports.

    `report` is called now and then, in a thread; it may fail.
    """
    refusals = Refusals()
    sessions: WeakSet[BigLineSMTP] = WeakSet()
    desks = [MailServerHooks(door.via, refusals=refusals) for door in doors]
    servers = [
        await _open_server(door, desk, most_bytes, sessions) for door, desk in zip(doors, desks, strict=True)
    ]
    opened([server.sockets[0].getsockname()[1] for server in servers])
    reporting = asyncio.create_task(_report_for_ever(partial(report, refusals)))
    await stop.wait()
    reporting.cancel()
    for server in servers:
        server.close()
    for desk in desks:
        desk.refuse_from_now_on()
    for desk in desks:
        await asyncio.to_thread(desk.close)
    await _finish_sessions(sessions)


async def _report_for_ever(report: Callable[[], None]) -> None:
    while True:
        try:
            await asyncio.to_thread(with_fresh_connection, report)
        except Exception as error:  # mail matters more than what is known about it
            logger.warning("The mail listener could not report: %s", error)
        await asyncio.sleep(REPORT_EVERY)


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


async def _open_server(
    door: Endpoint, desk: MailServerHooks, most_bytes: int, sessions: "WeakSet[BigLineSMTP]"
) -> asyncio.Server:
    protocol = RecipientwiseLMTP if door.via == "lmtp" else BigLineSMTP
    loop = asyncio.get_running_loop()

    def begin_session() -> BigLineSMTP:
        # We give the name ourselves: otherwise aiosmtpd would ask the DNS for it and wait.
        session = protocol(desk, most_bytes=most_bytes, loop=loop, hostname="supportdesk")
        sessions.add(session)
        return session

    return await loop.create_server(begin_session, door.host, door.port)


async def _finish_sessions(sessions: "WeakSet[BigLineSMTP]") -> None:
    """Give the last answers a moment to leave, and tell the others that we stop: they try again elsewhere or later."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if tasks:
        await asyncio.wait(tasks, timeout=CLOSING_SECONDS)
    for session in sessions:
        session.say_goodbye()
    for task in tasks:
        task.cancel()
