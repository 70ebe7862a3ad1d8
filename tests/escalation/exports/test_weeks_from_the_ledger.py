"""Random weeks: their packs equal plain SQL on the ledger alone, made in time or three weeks late.

Every run has three weeks; the runs of the whole desk have eight.

The SQL knows no service: it reads the lines of the ledger that were recorded before a time, and nothing else.
"""

import csv
import io
import os
import random
from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction

from escalation.clocks.ledger_verification import verify
from escalation.enforcement.sweep import sweep
from escalation.enforcement.waivers import confirm_waiver, waive_promise
from escalation.exports.due_packs import make_due_packs
from escalation.exports.due_weeks import due_time
from escalation.lib.weeks import Week, parse_week
from escalation.models import Clock, ClockEvent, WeeklyExport
from tests.factories import ContactFactory, CustomerFactory, set_desk, staff
from tickets.choices import Channel, Priority, Status
from tickets.errors import DeskError
from tickets.message_content import MessageContent
from tickets.models import Message, Ticket
from tickets.services.conversation import add_customer_message, log_contact, reply
from tickets.services.failed_responses import fail_response, void_response
from tickets.services.opening import open_ticket
from tickets.services.ownership import assign
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo(settings.DESK_TIME_ZONE)
FIRST = Week(2026, 40)
START = FIRST.bounds(ZONE)[0]
HOUR = timedelta(hours=1)
FEW, MANY = 3, 8  # weeks
ACTS = 15  # of people a week
HISTORIES = int(os.environ.get("PACK_HISTORIES", "1"))  # each takes some seconds
JUDGED = {
    "promise", "kind", "priority", "window_minutes", "started_at", "due_at", "raised_at", "outcome",
    "counts_this_week", "answered_at", "answered_by", "response_minutes", "near_miss", "breached_at",
    "breach_detected_at", "held_by", "waived_at", "waived_by", "waive_reason", "answer_recorded_at",
}  # fmt: skip

# Every clock's outcome by its last line before a time, the line that stopped it last, and the due times that passed.
OUTCOMES = """
WITH known AS (
    SELECT * FROM escalation_clockevent WHERE recorded_at < %s
), last AS (
    SELECT known.* FROM known
    WHERE id = (SELECT MAX(id) FROM known AS other WHERE other.clock_id = known.clock_id)
), judged AS (
    SELECT clock_id,
        CASE WHEN state_after = 'running' AND due_after < %s THEN 'breached' ELSE state_after END AS outcome,
        CASE
            WHEN state_after IN ('running', 'breached') THEN due_after
            ELSE (SELECT stop.at FROM known AS stop WHERE stop.id = (
                SELECT MAX(id) FROM known AS one
                WHERE one.clock_id = last.clock_id AND one.change = last.state_after))
        END AS decided_at
    FROM last WHERE state_after <> 'paused'
)
SELECT outcome, COUNT(*) FROM judged
WHERE outcome <> 'running' AND decided_at >= %s AND decided_at < %s GROUP BY outcome
"""


class RandomDesk:
    """People and customers who do anything that a ticket allows, some of it days after it happened."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lead = staff("lead", groups=["Team lead"])
        self.second = staff("second", groups=["Team lead"])
        self.people = [staff(name, reports_to=self.lead) for name in ("ann", "bo", "cy")]
        set_desk(intake_owner=self.lead, duty_manager=self.lead)
        self.contacts = [
            ContactFactory(customer=CustomerFactory(code=code, account_manager=person))
            for code, person in zip(("star", "moon", "sun"), self.people, strict=True)
        ]

    def week(self, week: Week) -> None:
        start, end = week.bounds(ZONE)
        for at in sorted(start + (end - start) * self.random.random() for _act in range(ACTS)):
            if self.random.random() < 0.5:
                sweep(now=at)
            act = self.random.choice(
                [self.open, self.open, self.ask, self.answer, self.answer, self.call, self.bounce, self.void,
                 self.prioritise, self.hand_over, self.move, self.waive, self.confirm]
            )  # fmt: skip
            try:
                with transaction.atomic():
                    act(at) if Ticket.objects.exists() else self.open(at)
            except DeskError:
                continue

    def _ticket(self) -> Ticket:
        tickets = list(Ticket.objects.order_by("-pk")[:15])
        return self.random.choice(tickets)

    def _response(self) -> Message:
        responses = list(Message.objects.responses().order_by("-pk")[:10])
        if not responses:
            raise DeskError("There is no answer yet.")
        return self.random.choice(responses)

    def _earlier(self, at: datetime) -> datetime:
        """Now and then something is recorded days after it happened."""
        return at - self.random.choice([0, 0, 0, 1, 30, 90]) * HOUR

    def open(self, at: datetime) -> None:
        contact = self.random.choice(self.contacts)
        open_ticket(
            subject="Black", content=MessageContent(body="Black.", sender_address=contact.email),
            received_at=max(START, self._earlier(at)), at=at, priority=self.random.choice(Priority.values),
            customer=contact.customer, contact=contact,
        )  # fmt: skip

    def ask(self, at: datetime) -> None:
        ticket = self._ticket()
        received = max(self._earlier(at), ticket.opened_at)
        content = MessageContent(body="And now?", sender_address=ticket.contact.email)
        add_customer_message(
            ticket=ticket, content=content, received_at=received, at=at, contact=ticket.contact
        )

    def answer(self, at: datetime) -> None:
        then = self.random.choice([None, None, Status.WAITING, Status.RESOLVED])
        reply(ticket=self._ticket(), actor=self.random.choice(self.people), at=at, body="Restart.", then=then)

    def call(self, at: datetime) -> None:
        ticket = self._ticket()
        log_contact(
            ticket=ticket, actor=ticket.owner, at=at, happened_at=max(self._earlier(at), ticket.opened_at),
            channel=Channel.PHONE, reached="Li", body="Told them.",
        )  # fmt: skip

    def bounce(self, at: datetime) -> None:
        fail_response(message=self._response(), at=at, answer="550 no such user")

    def void(self, at: datetime) -> None:
        void_response(message=self._response(), actor=self.lead, at=at, reason="It said nothing.")

    def prioritise(self, at: datetime) -> None:
        priority = self.random.choice(Priority.values)
        change_priority(ticket=self._ticket(), priority=priority, actor=self.lead, at=at, reason="So it is.")

    def hand_over(self, at: datetime) -> None:
        assign(ticket=self._ticket(), to=self.random.choice(self.people), actor=self.lead, at=at, reason="")

    def move(self, at: datetime) -> None:
        status = self.random.choice([Status.OPEN, Status.WAITING, Status.RESOLVED, Status.CLOSED])
        set_status(ticket=self._ticket(), status=status, actor=self.lead, at=at, reason="It is over.")

    def waive(self, at: datetime) -> None:
        clock = self.random.choice(list(Clock.objects.order_by("-pk")[:15]))
        waive_promise(clock=clock, actor=self.lead, at=at, reason="Their own outage.")

    def confirm(self, at: datetime) -> None:
        proposed = list(Clock.objects.filter(waived_at=None).exclude(waiver_proposed_at=None).order_by("pk"))
        for clock in proposed:
            confirm_waiver(clock=clock, actor=self.second, at=at)


def outcomes_by_sql(week: Week, *, as_of: datetime) -> Counter[str]:
    start, end = week.bounds(ZONE)
    with connection.cursor() as cursor:
        cursor.execute(OUTCOMES, [_bound(at) for at in (as_of, end, start, end)])
        return Counter(dict(cursor.fetchall()))


def _bound(at: datetime) -> object:
    return connection.ops.adapt_datetimefield_value(at)


def sheet(export: WeeklyExport, name: str) -> list[dict[str, str]]:
    with default_storage.open(export.files.get(name=name).path) as file:
        return list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"), newline="")))


def outcomes_by_pack(export: WeeklyExport) -> Counter[str]:
    desk = sheet(export, "scorecard.csv")[0]
    counted = Counter({name: int(desk[name]) for name in ("met", "breached", "cancelled")})
    rows = (row["outcome"] for row in sheet(export, "promises.csv") if row["counts_this_week"] == "yes")
    assert counted == Counter(rows)
    return +counted


def judgement(export: WeeklyExport) -> list[dict[str, str]]:
    return [
        {name: value for name, value in row.items() if name in JUDGED}
        for row in sheet(export, "promises.csv")
    ]


def latest() -> list[WeeklyExport]:
    by_week = {export.week: export for export in WeeklyExport.objects.order_by("revision")}
    return [by_week[week] for week in sorted(by_week)]


def first_weeks(count: int) -> list[Week]:
    found = [FIRST]
    while len(found) < count:
        found.append(found[-1].next)
    return found


@pytest.mark.parametrize(
    ("seed", "count"),
    [(1, FEW), *(pytest.param(seed, MANY, marks=pytest.mark.slow) for seed in range(1, HISTORIES + 1))],
)
def test_weeks_equal_plain_sql_and_the_same_weeks_made_three_weeks_late(seed, count):
    desk, weeks = RandomDesk(seed), first_weeks(count)
    for week in weeks:
        desk.week(week)
        make_due_packs(at=due_time(week))
    in_time = {(export.week, export.revision): export for export in WeeklyExport.objects.all()}
    judged = {key: judgement(export) for key, export in in_time.items()}
    assert any(
        revision > 1 for _week, revision in in_time
    )  # else nothing was corrected, and little is proven

    for week in weeks:
        first = in_time[str(week), 1]
        assert outcomes_by_pack(first) == outcomes_by_sql(week, as_of=week.bounds(ZONE)[1])
    now = weeks[-1].bounds(ZONE)[1]
    for export in latest():
        assert outcomes_by_pack(export) == outcomes_by_sql(parse_week(export.week), as_of=now)
    assert verify().mismatches == ()

    WeeklyExport.objects.all().delete()
    make_due_packs(at=due_time(weeks[-1]) + timedelta(weeks=3))
    late = {(export.week, export.revision): judgement(export) for export in WeeklyExport.objects.all()}
    assert {key: late.get(key) for key in judged} == judged
    assert ClockEvent.objects.filter(recorded_at__gte=now).count() == 0
