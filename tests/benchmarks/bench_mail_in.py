"""Measures raw mail to ticket, promise and queued acknowledgement, one process, beside raw equivalents of the same run.

Each mail is stored in a transaction of its own, as our mail server does, and all that wait are then processed by the
queue's task, twenty in a transaction.

    DATABASE_URL=postgres://... python tests/benchmarks/bench_mail_in.py --mails 500

Raw equivalents: parsing alone, per second of CPU, beside the library's bare parse of the same bytes; and the bare
inserts of the same rows in one transaction per mail. Works in a test database of its own.

Each mail's time is split into the CPU of this process, that of the database server's process that serves it (if it runs
on this machine; SQLite is within ours) and waiting. On a busy machine only the CPU can be compared.
"""

import argparse
import email
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.policy import compat32
from pathlib import Path
from tempfile import TemporaryDirectory

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
django.setup()

from django.conf import settings  # noqa: E402 - after django.setup()
from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from tests import factories as make  # noqa: E402
from tests.rawmail import rawmail  # noqa: E402
from tickets.choices import IntakeState, MailPurpose  # noqa: E402
from tickets.mail.parse import parse  # noqa: E402
from tickets.models import InboundEmail, Mailbox, OutboundEmail, Ticket  # noqa: E402
from tickets.services.intake import receive_raw  # noqa: E402
from tickets.services.intake.batches import MOST_TOGETHER  # noqa: E402
from tickets.tasks import process_stored  # noqa: E402

SENDERS = 200
BODY = "直播间从十点开始画面模糊，观众都离开了。SDK 4.3.1, error 4006.\r\n" * 60  # about 5 KB
PLAIN_ROWS = 8  # raw mail, ticket, message, two lines of the timeline, promise, ledger, outbox


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=500)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with test_database():
        mailbox = seed()
        report(mailbox, options.mails)


@contextmanager
def test_database() -> Iterator[None]:
    """On SQLite a file, as in real life."""
    name = connection.settings_dict["NAME"]
    with TemporaryDirectory() as folder:
        settings.MEDIA_ROOT = str(Path(folder) / "files")
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


def seed() -> Mailbox:
    """Customers with an account manager, a contract and a contact each."""
    make.set_desk(intake_owner=make.AdminFactory())
    plan = make.ServicePlanFactory()
    for number in range(SENDERS):
        customer = make.CustomerFactory(account_manager=make.staff())
        make.ContractFactory(customer=customer, plan=plan)
        make.ContactFactory(email=f"contact{number}@company{number}.example", customer=customer)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # the server does it by itself within a minute
    return make.MailboxFactory(address="support@desk.example")


def mail(number: int, prefix: str) -> bytes:
    sender = number % SENDERS
    return rawmail(
        sender=f"contact{sender}@company{sender}.example",
        subject=f"房间画面模糊 {prefix}{number}",
        body=BODY,
        message_id=f"<{prefix}{number}@company{sender}.example>",
    )


def report(mailbox: Mailbox, mails: int) -> None:
    raws = [mail(number, "a") for number in range(mails)]
    queries = queries_of(mailbox, [mail(number, "first") for number in range(MOST_TOGETHER)])
    parsing = rate(raws, parse, time.process_time)
    bare = rate(raws, lambda raw: email.message_from_bytes(raw, policy=compat32), time.process_time)
    plain = rate(raws, lambda raw: plain_inserts(mailbox, raw))
    store(mailbox, raws[: mails // 10])
    process()
    started = Spent.until_now()
    store(mailbox, raws := [mail(number, "b") for number in range(mails)])
    stored = Spent.until_now()
    process()
    processed = Spent.until_now()
    whole_rate = len(raws) / (processed - started).wall
    done = InboundEmail.objects.filter(state=IntakeState.PROCESSED).count()
    acknowledged = OutboundEmail.objects.filter(purpose=MailPurpose.ACKNOWLEDGEMENT).count()
    print(f"{mails} mails of {len(raws[0]):,} bytes on {connection.vendor}, {MOST_TOGETHER} in a transaction")
    print(
        f"{'raw mail to ticket, promise, acknowledgement':50}{whole_rate:>10,.0f}/s{queries:>8.1f} queries each"
    )
    for name, spent in (
        ("  of it storing", stored - started),
        ("  of it processing", processed - stored),
        ("  both", processed - started),
    ):
        print(f"{name:50}{spent.of_each(len(raws))}")
    print(f"{'parsing alone, of CPU':50}{parsing:>10,.0f}/s{whole_rate / parsing:>8.0%}")
    print(f"{'bare parse by the library, of CPU':50}{bare:>10,.0f}/s{whole_rate / bare:>8.0%}")
    print(f"{f'{PLAIN_ROWS} plain inserts in a transaction':50}{plain:>10,.0f}/s{whole_rate / plain:>8.0%}")
    print(f"{Ticket.objects.count():,} tickets, {acknowledged} acknowledgements, {done} processed")


def rate(
    raws: list[bytes],
    work: Callable[[bytes], object],
    read_seconds: Callable[[], float] = time.perf_counter,
) -> float:
    started = read_seconds()
    for raw in raws:
        work(raw)
    return len(raws) / (read_seconds() - started)


@dataclass(frozen=True)
class Spent:
    """Seconds of a clock, of our CPU and of the database server's."""

    wall: float
    ours: float
    server: float

    @classmethod
    def until_now(cls) -> "Spent":
        return cls(time.perf_counter(), time.process_time(), server_seconds())

    def __sub__(self, earlier: "Spent") -> "Spent":
        return Spent(self.wall - earlier.wall, self.ours - earlier.ours, self.server - earlier.server)

    def of_each(self, mails: int) -> str:
        """In milliseconds, and the mails per second that the CPU alone allows."""
        wall, ours, server = (1000 * part / mails for part in (self.wall, self.ours, self.server))
        waiting = max(wall - ours - server, 0)
        return (
            f"{wall:>10.2f} ms: Python {ours:.2f}, server {server:.2f}, waiting {waiting:.2f}"
            f" ({1000 / (ours + server):,.0f}/s of CPU)"
        )


def server_seconds() -> float:
    """The CPU that the server's process of our connection took; 0 if it is none of this machine."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        statistics = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    return int(statistics.read_text().split()[0]) / 1e9 if statistics.exists() else 0


def to_tickets(mailbox: Mailbox, raws: list[bytes]) -> None:
    store(mailbox, raws)
    process()


def store(mailbox: Mailbox, raws: list[bytes]) -> None:
    for raw in raws:
        receive_raw(raw=raw, received_at=make.NOW, via="lmtp", envelope_from="x@y.example", mailbox=mailbox)


def process() -> None:
    while InboundEmail.objects.filter(state=IntakeState.STORED).exists():
        process_stored()


def queries_of(mailbox: Mailbox, raws: list[bytes]) -> float:
    """Without BEGIN, COMMIT and savepoints, for each mail."""
    with CaptureQueriesContext(connection) as captured:
        to_tickets(mailbox, raws)
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return sum(not query["sql"].startswith(control) for query in captured.captured_queries) / len(raws)


def plain_inserts(mailbox: Mailbox, raw: bytes) -> None:
    """What any way of storing a mail must do at least: so many rows written and committed."""
    with transaction.atomic(), connection.cursor() as cursor:
        for _row in range(PLAIN_ROWS):
            cursor.execute(
                "INSERT INTO customers_skill (code, name) VALUES (%s, %s)",
                [f"{time.perf_counter_ns()}", raw[:90].decode("utf-8", "replace")],
            )


if __name__ == "__main__":
    main()
