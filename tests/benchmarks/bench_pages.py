"""Measures the board and the ticket page in the server, beside the plain SQL of what they show.

    DATABASE_URL=postgres://... python tests/benchmarks/bench_pages.py --finished 900000 --running 100000

Requests go through all middlewares by the test client; an account manager looks after one customer in forty. The
processor time is what the page itself costs; on a machine with other work the p50 tells how long it waited too. Works
in a test database of its own.
"""

import argparse
import logging
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - after django.setup()
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_test_environment  # noqa: E402
from django.utils import timezone  # noqa: E402

from escalation.choices import ClockChange, ClockKind, ClockState  # noqa: E402
from escalation.enforcement.heartbeats import beat  # noqa: E402
from escalation.models import Clock, ClockEvent, PolicyTarget  # noqa: E402
from tests import factories as make  # noqa: E402
from tickets.choices import Status  # noqa: E402
from tickets.models import Ticket  # noqa: E402

BATCH = 5_000
RUNS = 40
MANAGERS = 40
BOARD = """
    SELECT c.id, c.due_at, t.id, t.subject, t.priority, t.status, k.name, u.first_name FROM escalation_clock c
    JOIN tickets_ticket t ON t.id = c.ticket_id JOIN customers_customer k ON k.id = t.customer_id
    JOIN auth_user u ON u.id = t.owner_id WHERE c.stopped_at IS NULL ORDER BY c.due_at LIMIT 50
"""
PAGE = "SELECT * FROM tickets_message WHERE ticket_id = (SELECT max(id) FROM tickets_ticket) ORDER BY at, id"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("finished", 90_000), ("running", 10_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore", message="No directory at")
    setup_test_environment()
    name = connection.settings_dict["NAME"]
    with TemporaryDirectory() as folder:
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            report(Seed(), options)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


class Seed:
    """Forty account managers below one lead, fifty customers each, tickets spread over them."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.director = make.AdminFactory()
        lead = make.staff(reports_to=self.director, groups=["Team lead"])
        make.set_desk(duty_manager=self.director, intake_owner=lead)
        managers = [make.staff(reports_to=lead, groups=["Account manager"]) for _each in range(MANAGERS)]
        self.manager, self.lead = managers[0], lead
        self.customers = [
            make.CustomerFactory(account_manager=manager) for manager in managers for _each in range(50)
        ]
        targets = PolicyTarget.objects.select_related("version", "calendar")
        self.target = targets.get(kind=ClockKind.FIRST_RESPONSE, priority=2, version__policy__is_default=True)
        beat("sweep", at=self.now)

    def tickets(self, number: int, *, running: bool) -> None:
        for first in range(0, number, BATCH):
            size = range(first, min(first + BATCH, number))
            tickets = Ticket.objects.bulk_create(self._ticket(each, running) for each in size)
            clocks = Clock.objects.bulk_create(self._clock(ticket, running) for ticket in tickets)
            if running:
                ClockEvent.objects.bulk_create(self._started(clock) for clock in clocks)

    def _ticket(self, number: int, running: bool) -> Ticket:
        customer = self.customers[number * 7 % len(self.customers)]
        age = timedelta(seconds=3 * number) if running else timedelta(days=1, seconds=30 * number)
        status = Status.OPEN if running else Status.WAITING if number % 50 == 0 else Status.CLOSED
        return Ticket(
            subject=f"Black screen in room {number}", customer=customer, owner=customer.account_manager, status=status,
            priority=number % 4, opened_at=self.now - age, updated_at=self.now - age,
        )  # fmt: skip

    def _clock(self, ticket: Ticket, running: bool) -> Clock:
        due = ticket.opened_at + timedelta(hours=8)
        stopped = None if running else due - timedelta(hours=1)
        return Clock(
            ticket=ticket, kind=ClockKind.FIRST_RESPONSE, state=ClockState.RUNNING if running else ClockState.MET,
            priority=ticket.priority, started_at=ticket.opened_at, due_at=due, stopped_at=stopped,
            next_step_at=due if running else None, minutes=480, policy_version=self.target.version,
            calendar=self.target.calendar, calendar_version=1,
        )  # fmt: skip

    def _started(self, clock: Clock) -> ClockEvent:
        return ClockEvent(
            clock=clock, change=ClockChange.STARTED, at=clock.started_at, recorded_at=clock.started_at,
            holder=clock.ticket.owner, state_after=ClockState.RUNNING, due_after=clock.due_at, data={},
        )  # fmt: skip

    def conversation(self) -> str:
        """The address of a ticket with 50 messages."""
        ticket = Ticket.objects.filter(customer=self.customers[0], clocks__stopped_at=None).latest("pk")
        ticket = make.TicketFactory(customer=ticket.customer, owner=ticket.owner, opened_at=self.now)
        Clock.objects.bulk_create([self._clock(ticket, running=True)])
        for each in range(50):
            factory = make.MessageFactory if each % 2 else make.OutboundMessageFactory
            factory(ticket=ticket, at=self.now + timedelta(minutes=each), body="The room is black.\n" * 12)
        return f"/tickets/ticket/{ticket.pk}/change/"


def report(seed: Seed, options: argparse.Namespace) -> None:
    seed.tickets(options.finished, running=False)
    seed.tickets(options.running, running=True)
    page = seed.conversation()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(
        f"{connection.vendor}: {Ticket.objects.count():,} tickets, {options.running:,} running promises, times in ms"
    )
    print(f"{'':46}{'p50':>8}{'p95':>8}{'cpu':>8}{'queries':>9}{'KB':>7}")
    for who, user in (("account manager", seed.manager), ("lead", seed.lead), ("director", seed.director)):
        visit(f"board, {who}", user, "/")
        visit(f"board refreshing itself, {who}", user, "/", refresh=True)
    visit("board, P0 only, director", seed.director, "/?priority=0")
    visit("board, own tickets waiting, account manager", seed.manager, "/?owner=me&promise=none")
    visit("board, search for a customer, director", seed.director, "/?q=Customer+77")
    visit("ticket page, 50 messages, account manager", seed.manager, page)
    plain("plain SQL of the board's first 50 rows", BOARD)
    plain("plain SQL of the 50 messages", PAGE)


def visit(what: str, user: User, url: str, *, refresh: bool = False) -> None:
    client = Client(headers={"host": "localhost", **({"HX-Request": "true"} if refresh else {})})
    client.force_login(user)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200, (url, response.status_code)
    queries, size = len(captured), len(response.content) / 1024
    p50, p95, cpu = timed(lambda: client.get(url))
    print(f"{what:46}{p50:>8.1f}{p95:>8.1f}{cpu:>8.1f}{queries:>9}{size:>7.0f}")


def plain(what: str, sql: str) -> None:
    def read() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            cursor.fetchall()

    p50, p95, cpu = timed(read)
    print(f"{what:46}{p50:>8.1f}{p95:>8.1f}{cpu:>8.1f}{1:>9}")


def timed(call: Callable[[], object]) -> tuple[float, float, float]:
    """Median, 95th percentile and processor time per call, in milliseconds."""
    call()
    spent, cpu = [], time.process_time()
    for _run in range(RUNS):
        started = time.perf_counter()
        call()
        spent.append(1e3 * (time.perf_counter() - started))
    cpu = 1e3 * (time.process_time() - cpu) / RUNS
    return statistics.median(spent), statistics.quantiles(spent, n=20)[-1], cpu


if __name__ == "__main__":
    main()
