"""Whatever is killed under load, and whenever: afterwards nothing is lost and nothing is doubled.

CHAOS_ROUNDS is the number of kills, CHAOS_SEED the seed of their order and times (both are printed).
"""

import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from escalation.choices import NotificationState
from escalation.enforcement.lag import breach_lag, step_lag
from escalation.models import Clock, Escalation, Notification
from tests.flow.chaos.conftest import Stage
from tests.flow.chaos.kills import Killer, sequence
from tests.flow.chaos.verdict import Evidence, arrivals, problems
from tests.flow.waiting import until
from tickets.choices import IntakeState
from tickets.models import InboundEmail, OutboundEmail
from tickets.models.outbound import WORK_LEFT
from tickets.services.outgoing.delivery import LEASE

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "6"))
PAUSE = (2.0, 9.0)  # seconds between two kills
# What a killed process held is taken up again when its lease ends, that of mails last; digests wait a minute.
CALM = LEASE.total_seconds() + 180

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600 + CALM + 120 * ROUNDS)]


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))


def test_after_any_kill_every_promise_is_enforced_and_everybody_is_told_once(stage: Stage, seed: int) -> None:
    tell(f"seed {seed}, {ROUNDS} kills")
    chance = random.Random(seed)
    stage.start()
    until(lambda: Escalation.objects.exists(), "the first step has fired", 90)
    killer = Killer(stage.desk, stage.server, stage.colleague, chance)
    for number, what in enumerate(sequence(ROUNDS, chance), 1):
        if chance.random() < 0.5:  # else some are killed while they start
            killer.whole_cluster()
        time.sleep(chance.uniform(*PAUSE))
        began = time.monotonic()
        hit = killer.kill(what)
        tell(f"{number}. {what}: {hit} ({time.monotonic() - began:.1f} s)")
    stage.stop()
    killer.whole_cluster()
    end = timezone.now()
    settle(stage, end)
    it_stops_and_leaves_nothing(stage)  # and nothing changes while the verdict reads
    faults = problems(evidence(stage, end))
    tell(summary(stage))
    assert not faults, "\n".join(faults)


def settle(stage: Stage, end: datetime) -> None:
    try:
        until(lambda: not counts_left(end), "everything is done", CALM, every=2)
    except AssertionError:
        tell(f"left over: {counts_left(end)}\n{rows_left(end)}\n{stage.desk.words[-6000:]}")
        raise


def rows_left(end: datetime) -> str:
    created_before = {"created_at__lte": end}
    rows: list[object] = [
        *InboundEmail.objects.exclude(state=IntakeState.PROCESSED).values("pk", "state", "error")[:5],
        *Clock.objects.step_due(end).values()[:5],
        *Notification.objects.filter(state=NotificationState.PENDING, **created_before).values()[:5],
        *OutboundEmail.objects.filter(state__in=WORK_LEFT, **created_before).values()[:5],
    ]
    return "\n".join(map(str, rows))


def counts_left(end: datetime) -> dict[str, int]:
    """What is still to be done of all that there was at ``end``."""
    created_before = {"created_at__lte": end}
    try:
        counts = {
            "mails in": InboundEmail.objects.exclude(state=IntakeState.PROCESSED).count(),
            "promises": Clock.objects.step_due(end).count(),
            "notifications": Notification.objects.filter(
                state=NotificationState.PENDING, **created_before
            ).count(),
            "mails out": OutboundEmail.objects.filter(state__in=WORK_LEFT, **created_before).count(),
        }
    except (DatabaseError, InterfaceError):
        connection.close()
        return {"no database": 1}
    return {name: count for name, count in counts.items() if count}


def evidence(stage: Stage, end: datetime) -> Evidence:
    customers, colleague = stage.customers, stage.colleague
    return Evidence(customers.taken, colleague.taken, colleague.held, list(stage.outside.letters), end)


def summary(stage: Stage) -> str:
    arrived = arrivals(stage.outside.letters)
    now, day = timezone.now(), timedelta(days=1)
    return (
        f"{len(stage.customers.taken)} mails taken in {stage.customers.tries} tries; "
        f"{len(stage.colleague.taken)} answers in {sum(answer.tries for answer in stage.colleague.taken)} tries, "
        f"{len(stage.colleague.held)} held back; {Escalation.objects.count()} steps fired; "
        f"{Notification.objects.count()} notifications; {len(arrived)} mails out, arrived so often: "
        f"{dict(sorted(Counter(arrived.values()).items()))}; "
        f"breaches {breach_lag(now=now, window=day)}; steps {step_lag(now=now, window=day)}"
    )


def it_stops_and_leaves_nothing(stage: Stage) -> None:
    process = stage.desk.process
    assert process
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0, stage.desk.words[-3000:]
    assert stage.desk.processes() == []


def tell(words: str) -> None:
    sys.stderr.write(f"{words}\n")
