"""Random histories of one ticket: the desk keeps its promises as a model written from the design does.

The suite runs a few. `HISTORIES=10000,2000` runs two thousand, from seed 10000 on:

    HISTORIES=10000,2000 .venv/bin/python -m pytest tests/escalation/clocks/test_random_histories.py
    HISTORIES=20000,2000 .ci/postgres .venv/bin/python -m pytest tests/escalation/clocks/test_random_histories.py
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest

from tests.escalation.clocks.histories import WINDOWS, Act, History, Hours, Step
from tests.escalation.clocks.history_model import judged
from tests.escalation.clocks.history_play import People, people_of_a_desk

pytestmark = pytest.mark.django_db

FIRST_SEED, HOW_MANY = map(int, os.environ.get("HISTORIES", "0,18").split(","))
# Both sides of the ends of windows come up often.
GAPS = [1, 2, 5, 7, 10, 29, 30, 31, 45, 59, 60, 61, 119, 200, 240, 241, 479, 480, 700, 1441]
WEIGHTS = {
    Act.ASKED: 6, Act.REPLIED: 5, Act.CALLED: 3, Act.BOUNCED: 4, Act.VOIDED: 2, Act.PRIORITY: 3, Act.STATUS: 2,
    Act.OPENED: 2, Act.MERGED: 2, Act.EXCUSED: 1, Act.CONFIRMED: 1, Act.CLOSED: 2,
    Act.ASSIGNED: 1, Act.ABSENT: 1,
}  # fmt: skip


def drawn(seed: int) -> History:
    random = Random(seed)
    at = noticed = random.choice([0, 0, 1, 5, 31, 61])
    steps: list[Step] = []
    for _number in range(random.randint(2, 9)):
        at += random.choice(GAPS)
        steps.append(_drawn_step(random, at, steps))
    priority, hours = random.choice([0, 0, 0, 1, 2, 3]), random.choice([Hours.PLAIN, *Hours])
    end, resolves = at + random.choice(GAPS), random.choice([False, True])
    return History(priority, noticed, tuple(steps), end, hours, resolves)


def _drawn_step(random: Random, at: int, before: Iterable[Step]) -> Step:
    act = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    answers = [step.at for step in before if step.act in (Act.REPLIED, Act.CALLED)]
    tickets = range(1 + sum(step.act is Act.OPENED for step in before))
    happened = max(0, at - random.choice([0, 0, *GAPS]))
    then = random.choice(["", "", "", "waiting", "resolved", "closed"])
    step = Step(at, act, random.choice(tickets))
    match act:
        case Act.OPENED:
            return replace(step, happened=happened, priority=random.choice([0, 0, *WINDOWS]))
        case Act.ASKED:
            return replace(step, happened=happened)
        case Act.REPLIED:
            return replace(step, then=then)
        case Act.CALLED:
            return replace(step, happened=happened, then=then)
        case Act.BOUNCED | Act.VOIDED if answers:
            return replace(step, answer=random.choice(answers))
        case Act.STATUS:
            return replace(step, then=then or "open")
        case Act.MERGED if len(tickets) > 1:
            return replace(step, into=random.choice(tickets))
        case Act.EXCUSED | Act.CONFIRMED:
            return replace(step, promise=random.randrange(4))
        case Act.CLOSED | Act.ASSIGNED | Act.ABSENT:
            return step
    return replace(step, act=Act.PRIORITY, priority=random.choice(list(WINDOWS)))


def drawn_sweeps(seed: int, history: History) -> list[int]:
    """At some minutes, or right after each step."""
    random = Random(f"sweeps {seed}")
    some = [random.randint(0, history.end) for _number in range(random.randint(1, 6))]
    return sorted(random.choice([some, [step.at for step in history.steps]]))


@pytest.fixture(scope="module")
def people(rows_of_the_module: None) -> People:
    return people_of_a_desk()


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + HOW_MANY))
def test_a_history_ends_as_the_model_says_whenever_sweeps_ran(people, seed):
    history = drawn(seed)
    for sweeps in ([], drawn_sweeps(seed, history)):
        if people.play(history, sweeps) != judged(history):
            history = people.shortest_fault(history, sweeps)
        assert people.play(history, sweeps) == judged(history), history
