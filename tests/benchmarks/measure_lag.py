"""Measures how late a real desk enforces its promises under a normal load, beside a bare minute schedule of the run.

    python tests/benchmarks/measure_lag.py --minutes 20 --promises 10

Starts PostgreSQL, a mail server, and the desk by `manage.py desk`, all on loopback and in folders of their own.
Customers write so many mails a minute at random moments, each promised an answer within a minute; a colleague answers
some. The raw equivalent: how long each due time would have waited for the next start of the minute's task, which is
what a sweep once a minute by django-q2 costs.
"""

import argparse
import logging
import math
import os
import random
import re
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ["DJANGO_SETTINGS_MODULE"] = "supportdesk.settings"
os.environ["DATABASE_URL"] = "postgres://desk@127.0.0.1/desk"  # its server is that of this run
django.setup()

from django.conf import settings  # noqa: E402 - after django.setup()
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from escalation.models import Clock, Escalation, Notification  # noqa: E402
from tests.flow.chaos.colleague import Colleague  # noqa: E402
from tests.flow.chaos.database import OwnServer  # noqa: E402
from tests.flow.chaos.load import Customers  # noqa: E402
from tests.flow.chaos.picking import picking  # noqa: E402
from tests.flow.desk import FreshDesk  # noqa: E402
from tests.flow.outside import Outside  # noqa: E402
from tests.flow.world import ADDRESS  # noqa: E402

WARM_UP = timedelta(minutes=2)  # until the first promises of the load fall due
STARTED = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) INFO .* processing [\w-]+ 'supportdesk\.tasks\.enforce'"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--promises", type=float, default=10, help="a minute")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with a_desk() as (desk, outside):
        customers = Customers(desk.lmtp_port, random.Random(1), every=60 / options.promises, burst=1)
        colleague = Colleague(desk, picking(random.Random(2)), every=20)
        threads = [threading.Thread(target=person.work, daemon=True) for person in (customers, colleague)]
        for thread in threads:
            thread.start()
        began = timezone.now() + WARM_UP
        time.sleep((WARM_UP + timedelta(minutes=options.minutes)).total_seconds())
        ended = timezone.now()
        customers.stopped.set()
        colleague.stopped.set()
        time.sleep(10)  # what fell due last is noticed
        report(desk, began, ended)
        print(
            f"{len(customers.taken)} mails taken, {len(colleague.taken)} answers, {len(outside.letters)} mails out, "
            f"{Notification.objects.count()} notifications; load of the machine {os.getloadavg()[2]:.1f} "
            f"on {os.cpu_count()} cores"
        )


@contextmanager
def a_desk() -> Iterator[tuple[FreshDesk, Outside]]:
    """Open, with its people, and its database read by this process too."""
    with ExitStack() as stack:
        server = OwnServer(Path(stack.enter_context(TemporaryDirectory(prefix="desk-lag-"))))
        stack.enter_context(server.running())
        outside = stack.enter_context(Outside().running())
        words = {
            "DATABASE_URL": server.url,
            "SMTP_URL": f"smtp://127.0.0.1:{outside.port}",
            "DESK_ADDRESS": ADDRESS,
        }
        desk = FreshDesk(Path(stack.enter_context(TemporaryDirectory(prefix="desk-lag-"))), words)
        desk.copy()
        stack.enter_context(desk.running())
        desk.manage("shell", "-c", "from tests.flow.chaos.people import build; build()")
        connection.settings_dict.update(server.settings)
        yield desk, outside
        connection.close()


def report(desk: FreshDesk, began: datetime, ended: datetime) -> None:
    due = Clock.objects.filter(detected_at__isnull=False, due_at__gte=began, due_at__lt=ended)
    noticed = [(clock.due_at, clock.detected_at) for clock in due if clock.detected_at is not None]
    steps = Escalation.objects.filter(step__isnull=False, due_at__gte=began, due_at__lt=ended)
    print(f"{(ended - began).total_seconds() / 60:.0f} minutes, {len(noticed)} broken promises")
    print(f"{'seconds late':40}{'count':>8}{'p50':>8}{'p99':>8}{'worst':>8}")
    line("breaches noticed", [(after - at).total_seconds() for at, after in noticed])
    line("steps fired", [(step.fired_at - step.due_at).total_seconds() for step in steps])
    line("raw: one sweep at each start of the task", bare([at for at, _after in noticed], starts(desk.words)))


def bare(due: Sequence[datetime], started: Sequence[datetime]) -> list[float]:
    """How long each due time would wait for the next start."""
    places = [(at, bisect_left(started, at)) for at in due]
    return [(started[place] - at).total_seconds() for at, place in places if place < len(started)]


def starts(words: str) -> list[datetime]:
    """When the minute's task started, from the desk's log, which speaks in its own zone."""
    zone = ZoneInfo(settings.TIME_ZONE)
    moments = (datetime.strptime(text, "%Y-%m-%d %H:%M:%S,%f") for text in STARTED.findall(words))  # noqa: DTZ007
    return sorted(moment.replace(tzinfo=zone) for moment in moments)


def line(what: str, lags: Sequence[float]) -> None:
    """Percentiles by nearest rank."""
    ordered = sorted(lags)
    shown = (
        [f"{ordered[math.ceil(share * len(ordered)) - 1]:8.1f}" for share in (0.5, 0.99, 1)]
        if ordered
        else ["-"]
    )
    print(f"{what:40}{len(ordered):8}{''.join(shown)}")


if __name__ == "__main__":
    main()
