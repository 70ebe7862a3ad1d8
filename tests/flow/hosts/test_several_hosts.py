"""Hosts are cut off, killed, given wrong clocks and joined by others under load: nothing is lost, doubled or early.

Needs root, for cables between network namespaces: `.ci/postgres python -m pytest -m chaos tests/flow/hosts -s`.
HOSTS_ROUNDS is the number of troubles, HOSTS_SEED the seed of their order (both are printed).
"""

import os
import random
import sys
import threading
import time
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from escalation.models import Escalation
from supportdesk.models import Cluster
from tests.flow.chaos.colleague import Colleague
from tests.flow.chaos.load import Customers
from tests.flow.chaos.picking import picking
from tests.flow.chaos.test_chaos import counts_left
from tests.flow.chaos.verdict import Evidence, problems
from tests.flow.hosts.host import LMTP_PORT
from tests.flow.hosts.network import PREFIX
from tests.flow.hosts.site import HealthDiary, ManyHosts
from tests.flow.waiting import until
from tickets.services.outgoing.delivery import LEASE

ROUNDS = int(os.environ.get("HOSTS_ROUNDS", "8"))
SEED = int(os.environ.get("HOSTS_SEED") or random.SystemRandom().randrange(1_000_000))
CALM = LEASE.total_seconds() + 240

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.timeout(900 + CALM + 120 * ROUNDS),
    pytest.mark.allow_hosts(["127.0.0.1", *(f"{PREFIX}.{number}" for number in range(1, 30))]),
]


def cut_off(site: ManyHosts, name: str) -> None:
    """It vanishes without a word, longer than anybody waits for it, and comes back."""
    site.network.cut(name)
    time.sleep(40)
    site.network.heal(name)


def power_cut(site: ManyHosts, name: str) -> None:
    site[name].kill()
    time.sleep(10)
    site[name].start()


def wrong_clock(off: float) -> Callable[[ManyHosts, str], None]:
    def restart(site: ManyHosts, name: str) -> None:
        for seconds in (off, 0):
            site[name].stop()
            site[name].clock_off = seconds
            site[name].start()
            time.sleep(30)

    restart.__name__ = f"clock_off_by_{off:+.0f}_s"
    return restart


def no_redis(site: ManyHosts, _name: str) -> None:
    site.redis.kill()
    time.sleep(15)
    site.redis.start()


def no_database(site: ManyHosts, _name: str) -> None:
    site.server.restart("immediate", away=8)


TROUBLES: list[tuple[Callable[[ManyHosts, str], None], str]] = [
    (cut_off, "queue1"), (cut_off, "mail1"), (cut_off, "web2"), (power_cut, "queue2"), (power_cut, "web1"),
    (wrong_clock(+90), "queue1"), (wrong_clock(-90), "web2"), (wrong_clock(+90), "mail1"),
    (no_redis, "Redis"), (no_database, "PostgreSQL"),
]  # fmt: skip


def test_whatever_happens_to_hosts_nothing_is_lost_doubled_or_early(site: ManyHosts) -> None:
    tell(f"seed {SEED}, {ROUNDS} troubles")
    chance = random.Random(SEED)
    site.open()
    customers = Customers(LMTP_PORT, chance, host=site["mail1"].address)
    colleague = Colleague(site, picking(chance))
    diary = HealthDiary(site.webs)
    threads = [
        threading.Thread(target=work, daemon=True) for work in (customers.work, colleague.work, diary.keep)
    ]
    for thread in threads:
        thread.start()
    until(lambda: Escalation.objects.exists(), "the first step has fired", 120)
    site["queue3"].start()
    for number in range(ROUNDS):
        if number % len(TROUBLES) == 0:
            order = chance.sample(TROUBLES, len(TROUBLES))
        trouble, name = order[number % len(TROUBLES)]
        tell(f"{number + 1}. at {time.monotonic() - diary.begun:.0f} s {trouble.__name__}: {name}")
        trouble(site, name)
        time.sleep(chance.uniform(2, 10))
    customers.stopped.set()
    colleague.stopped.set()
    for thread in threads[:2]:
        thread.join(300)
        assert not thread.is_alive(), "what was sent is never taken"
    end = timezone.now()
    until(lambda: not counts_left(end), "everything is done", CALM, every=2)
    site.wait_until_well(180)
    worked = set(Cluster.objects.filter(worked_at__isnull=False).values_list("host", flat=True))
    for host in site.hosts.values():
        host.stop() if host.process else None
    diary.stopped.set()
    faults = problems(
        Evidence(customers.taken, colleague.taken, colleague.held, list(site.outside.letters), end)
    )
    tell(
        f"{diary}\n{len(customers.taken)} mails, {len(colleague.taken)} answers, {Escalation.objects.count()} steps"
    )
    assert not faults, "\n".join(faults)
    assert worked == {"queue1", "queue2", "queue3"}
    call_command("verify_ledger")
    assert connection.vendor == "postgresql"


def tell(words: str) -> None:
    sys.stderr.write(f"{words}\n")
