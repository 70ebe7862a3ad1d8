"""The scorecard recomputed from the other sheets of the pack alone is the scorecard, cell by cell."""

import csv
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.exports.pack import preview_week
from escalation.lib.weeks import Week
from tests.escalation.exports.recomputing import Recomputed, read
from tests.factories import (
    CalendarFactory,
    ClockEventFactory,
    ClockFactory,
    CustomerFactory,
    EscalationFactory,
    OutboundMessageFactory,
    PolicyVersionFactory,
    TeamFactory,
    TicketFactory,
    office_calendar,
    staff,
)

pytestmark = pytest.mark.django_db
WEEK = Week(2026, 47)
START, END = WEEK.bounds(ZoneInfo(settings.DESK_TIME_ZONE))
SECOND = timedelta(seconds=1)


class BusyWeek:
    """Sixty promises of every kind and outcome, with odd seconds, several holders, and what else is counted."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        teams = [TeamFactory(name=name) for name in ("North", "East")] + [None]
        self.people = [staff(f"person{number}", team=teams[number % 3]) for number in range(6)]
        self.customers = [
            CustomerFactory(code=f"c{number}", name=f"星光 {number}", account_manager=manager)
            for number, manager in enumerate((*self.people[:3], None))
        ]
        self.version, self.calendars = PolicyVersionFactory(), [CalendarFactory(), office_calendar()]
        for _number in range(60):
            self.promise()

    def moment(self, since, most):
        return since + self.dice.randrange(1, most) * SECOND / 7

    def promise(self):
        dice = self.dice
        started = START + dice.randrange(-200_000, 600_000) * SECOND
        ticket = TicketFactory(
            customer=dice.choice((*self.customers, None)), owner=dice.choice(self.people),
            priority=dice.randrange(4), opened_at=started,
        )  # fmt: skip
        clock = ClockFactory(
            ticket=ticket, kind=dice.choice(ClockKind.values), minutes=dice.choice((30, 240, 1440)),
            policy_version=self.version, calendar=dice.choice(self.calendars),
        )  # fmt: skip
        self.decide(clock)
        ClockEventFactory(clock=clock)
        for _handover in range(dice.randrange(4)):
            at = self.moment(started, 300_000)
            holder = dice.choice(self.people)
            ClockEventFactory(clock=clock, change=ClockChange.HANDED_OVER, at=at, holder=holder)
        self.incidents(clock)

    def decide(self, clock):
        window = 60 * clock.minutes
        match self.dice.choice(("met", "nearly", "late", "unanswered", "cancelled", "running")):
            case "met":
                self.answer(clock, ClockState.MET, self.moment(clock.started_at, 7 * window))
            case "nearly":
                self.answer(clock, ClockState.MET, clock.due_at - self.dice.randrange(window // 12) * SECOND)
            case "late":
                self.answer(clock, ClockState.BREACHED, self.moment(clock.due_at, 900_000))
            case "unanswered":
                self.end(clock, ClockState.BREACHED, None)
            case "cancelled":
                self.end(clock, ClockState.CANCELLED, self.moment(clock.started_at, window))

    def answer(self, clock, state, at):
        author = self.dice.choice((*self.people, None))
        clock.answered_by = OutboundMessageFactory(ticket=clock.ticket, at=at, author=author)
        self.end(clock, state, at)

    def end(self, clock, state, at):
        clock.state, clock.stopped_at = state, at
        clock.save()

    def incidents(self, clock):
        dice = self.dice
        if dice.random() < 0.3:
            at, to_owner = self.moment(START, 4_000_000), dice.choice(self.people)
            EscalationFactory(clock=clock, fired_at=at, to_owner=to_owner, step=None)
        if dice.random() < 0.4:
            change = dice.choice((ClockChange.REVOKED, ClockChange.WAIVED))
            at, actor = self.moment(START, 4_000_000), dice.choice((*self.people, None))
            ClockEventFactory(clock=clock, change=change, at=at, actor=actor)
        if dice.random() < 0.2:
            at, actor = self.moment(START, 4_000_000), dice.choice((*self.people, None))
            data = {"priority": 2, "minutes": 30, "late": True}
            ClockEventFactory(clock=clock, data={"priority": clock.priority})
            ClockEventFactory(
                clock=clock, change=ClockChange.RETARGETED, at=at, recorded_at=at, actor=actor, data=data
            )


@pytest.mark.parametrize("seed", range(4))
def test_the_scorecard_recomputed_from_the_other_sheets_is_equal_to_the_cell(tmp_path, seed):
    BusyWeek(seed)
    preview_week(week=WEEK, at=END, folder=tmp_path)
    written = read(tmp_path, "scorecard.csv")
    assert Recomputed(tmp_path).rows() == written
    desk = written[0]
    for column in ("breached", "near_misses", "waived", "late_downgrades", "next_responses", "held_seconds"):
        assert int(desk[column]) > 0


def test_the_scorecard_of_an_empty_week_is_recomputed_too(tmp_path):
    preview_week(week=WEEK, at=END, folder=tmp_path)
    assert Recomputed(tmp_path).rows() == read(tmp_path, "scorecard.csv")


def test_the_sheets_are_read_with_a_plain_parser(tmp_path):
    BusyWeek(1)
    preview_week(week=WEEK, at=END, folder=tmp_path)
    for sheet in tmp_path.glob("*.csv"):
        with sheet.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        assert {len(row) for row in rows} == {len(rows[0])}
