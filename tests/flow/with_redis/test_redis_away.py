"""A real Redis that goes and comes back costs no promise."""

import time

import pytest
from django.utils import timezone

from escalation.models import Escalation
from tests.flow import letters
from tests.flow.desk import FreshDesk
from tests.flow.outside import Outside
from tests.flow.waiting import until
from tests.flow.with_redis.promises import (
    LATE,
    cluster,
    everybody_is_told,
    is_well,
    lag,
    new_ticket,
    swept_at,
)
from tests.flow.with_redis.server import RedisServer
from tickets.models import Ticket

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("rows")]


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
