"""The whole desk with a real Redis as its queue: it works, and a Redis that goes and comes back costs no promise."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from escalation.models import Clock, Escalation, Heartbeat, Notification
from supportdesk.models import Cluster
from tests.flow import letters
from tests.flow.desk import FreshDesk
from tests.flow.outside import Outside
from tests.flow.redisserver import PASSWORD, RedisServer
from tests.flow.waiting import until
from tickets.models import Ticket

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("rows")]

# Escalated so late at most while Redis is away or has just come back, in seconds.
LATE = 10.0


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with (
        TemporaryDirectory(prefix="desk-redis-") as folder,
        RedisServer(Path(folder)).running() as redis_server,
    ):
        yield redis_server


@pytest.fixture(scope="module")
def more_environment(server: RedisServer) -> dict[str, str]:
    return {"REDIS_URL": server.url}


def cluster(desk: FreshDesk) -> set[int]:
    return {number for number in desk.processes() if b"qcluster" in desk.command(number)}


def swept_at() -> datetime:
    return Heartbeat.objects.values_list("at", flat=True).get(name="sweep")


def new_ticket(desk: FreshDesk, subject: str) -> Ticket:
    """Of the customer who has bought an answer within one minute."""
    letters.hand_over(letters.new_mail("ops@tempo.example", subject, "It is silent."), desk.lmtp_port)
    ticket = until(lambda: Ticket.objects.filter(subject=subject).first(), f"the ticket {subject}", 90)
    assert ticket
    return ticket


def lag(ticket: Ticket) -> float:
    """Seconds from the end of the window to its enforcement; the step fired once."""
    clock = Clock.objects.get(ticket=ticket)
    until(lambda: Escalation.objects.filter(clock=clock).exists(), f"{ticket.subject} is escalated", 150)
    clock.refresh_from_db()
    assert clock.detected_at
    assert clock.breached_at == clock.due_at
    assert Escalation.objects.filter(clock=clock, step__percent=100).count() == 1
    ticket.refresh_from_db()
    assert ticket.owner.username == "lea"
    seconds = (clock.detected_at - clock.due_at).total_seconds()
    sys.stderr.write(f"{ticket.subject}: enforced {seconds:.1f} s after its due time\n")
    return seconds


def everybody_is_told(outside: Outside, ticket: Ticket) -> None:
    outside.wait_for("lea@staff.example", ticket.number, 90)
    notifications = Notification.objects.filter(ticket=ticket)
    until(lambda: not notifications.exclude(state="sent").exists(), "every notification is sent", 90)


def is_well(desk: FreshDesk) -> bool:
    try:
        with urlopen(f"{desk.url}healthz") as answer:
            return bool(answer.status == 200)
    except HTTPError:
        return False


def test_tasks_go_through_redis_and_none_through_the_database(
    desk: FreshDesk, server: RedisServer, outside: Outside
) -> None:
    until(lambda: Cluster.objects.filter(worked_at__isnull=False).exists(), "the cluster works", 60)
    ticket = new_ticket(desk, "All is well")
    assert lag(ticket) < LATE
    everybody_is_told(outside, ticket)
    assert not OrmQ.objects.exists()
    assert server.client.dbsize() > 0
    assert PASSWORD not in desk.words


@pytest.mark.parametrize("end", ["stop", "kill", "freeze"])
def test_a_redis_that_is_away_for_a_while_costs_no_promise(
    desk: FreshDesk, server: RedisServer, outside: Outside, end: str
) -> None:
    """The promise falls due while it is away, another mail arrives meanwhile, and the cluster stays the same."""
    ticket, cluster_before = new_ticket(desk, f"Before Redis was away by {end}"), cluster(desk)
    time.sleep(max(0.0, 35 - (timezone.now() - ticket.opened_at).total_seconds()))
    getattr(server, end)()
    letters.hand_over(
        letters.new_mail("ops@tempo.example", f"While Redis was away by {end}", "Hello?"), desk.lmtp_port
    )
    assert lag(ticket) < LATE
    until(lambda: not is_well(desk), "somebody who asks hears of it", 30)
    before = swept_at()
    until(lambda: swept_at() > before, "the sweep goes on without Redis", 30)
    server.back()
    everybody_is_told(outside, ticket)
    meanwhile = until(
        lambda: Ticket.objects.filter(subject=f"While Redis was away by {end}").first(),
        "the mail is a ticket",
        90,
    )
    assert meanwhile
    until(lambda: is_well(desk), "the desk is well again", 90)
    assert cluster(desk) == cluster_before
    everybody_is_told(outside, meanwhile)
    assert Escalation.objects.filter(clock__ticket=meanwhile, step__percent=100).count() == 1


def test_tasks_that_a_killed_redis_held_are_done_by_the_minute_tasks(
    desk: FreshDesk, server: RedisServer, outside: Outside
) -> None:
    """The cluster stands still meanwhile, so that every nudge waits in Redis when that dies."""
    until(lambda: is_well(desk), "the desk is well", 90)
    stopped = cluster(desk)
    for number in stopped:
        os.kill(number, signal.SIGSTOP)
    until(lambda: server.listeners() == 0, "nobody takes a task")
    letters.hand_over(letters.new_mail("ops@tempo.example", "Nudged in vain", "Hello?"), desk.lmtp_port)
    until(lambda: server.waiting() > 0, "a nudge waits in Redis")
    server.kill()
    server.start()
    assert server.waiting() == 0
    for number in stopped:
        os.kill(number, signal.SIGCONT)
    ticket = until(
        lambda: Ticket.objects.filter(subject="Nudged in vain").first(), "the mail is a ticket", 120
    )
    assert ticket
    everybody_is_told(outside, ticket)


def test_health_names_what_is_unreachable(desk: FreshDesk, server: RedisServer) -> None:
    until(lambda: is_well(desk), "the desk is well", 90)
    server.kill()
    try:
        with pytest.raises(HTTPError) as unwell:
            urlopen(f"{desk.url}healthz")
        assert unwell.value.code == 503
        assert json.loads(unwell.value.read())["checks"]["queue"] == "unwell"
    finally:
        server.start()
    until(lambda: is_well(desk), "the desk is well again", 90)
