"""The whole desk with a real Redis as its queue: tasks go through it, and what it forgets is done all the same."""

import json
import os
import signal
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from django_q.models import OrmQ

from supportdesk.models import Cluster
from tests.flow import letters
from tests.flow.desk import FreshDesk
from tests.flow.outside import Outside
from tests.flow.waiting import until
from tests.flow.with_redis.promises import LATE, cluster, everybody_is_told, is_well, lag, new_ticket
from tests.flow.with_redis.server import PASSWORD, RedisServer
from tickets.models import Ticket

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("rows")]


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
