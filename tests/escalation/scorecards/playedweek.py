"""A week in which everything that a scorecard counts has happened, with what a stranger counts from its sheets.

`counted_by_stranger` reads the sheets of the weekly pack with a CSV parser, and a few columns by plain SQL.
"""

import math
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from django.db import connection

from customers.choices import Scenario
from escalation.choices import ClockState
from escalation.exports.bulk_reading import load_people
from escalation.exports.promises import promises_of
from escalation.exports.scorecard import incidents_of
from escalation.lib.weeks import CoveredTime
from escalation.scorecards.counting import ScoreCount
from escalation.scorecards.readers import EVERYTHING
from escalation.scorecards.solved_tickets import ends_of
from tests.escalation.exports.recomputing import pairs, read
from tests.escalation.exports.test_recomputed_packs import END, START, BusyWeek
from tests.factories import (
    ContractFactory,
    MessageFactory,
    OutboundMessageFactory,
    ServicePlanFactory,
    TimelineEntryFactory,
)
from tickets.choices import Fact

HOUR = timedelta(hours=1)
INCIDENTS = {"voided": "voided", "late downgrade": "late-downgrades", "escalation": "escalations"}


class PlayedWeek(BusyWeek):
    """A busy week whose customers have contracts and scenarios, and whose tickets end and are opened again."""

    def __init__(self, seed):
        super().__init__(seed)
        plans = [ServicePlanFactory(code=code) for code in ("gold", "tin")]
        for number, customer in enumerate(self.customers):
            customer.scenario = (Scenario.OTHER, *Scenario)[number]
            customer.save()
        self.contracts = [
            ContractFactory(customer=customer, plan=plan, starts_on="2026-01-01", ends_on=None)
            for customer, plan in zip(self.customers, (*plans, plans[0]), strict=False)
        ]
        of_customer = {contract.customer_id: contract for contract in self.contracts}
        for number, clock in enumerate(type(self.last).objects.order_by("pk")):
            clock.contract = of_customer.get(clock.ticket.customer_id)
            if clock.state == ClockState.BREACHED and number % 5 == 0:
                clock.waived_at = clock.due_at + HOUR
            clock.save()
            if number % 3 == 0:
                clock.ticket.scenario = Scenario.values[number % len(Scenario.values)]
            self.end_ticket(clock.ticket, number)

    def incidents(self, clock):
        super().incidents(clock)
        self.last = clock

    def end_ticket(self, ticket, number):
        """Two in three are solved, every fifth of them is opened again by its customer, later or soon."""
        if number % 3 == 2:
            ticket.save()
            return
        solved = START + self.dice.randrange(1, 600_000) * timedelta(seconds=1)
        for _answer in range(number % 4):
            OutboundMessageFactory(ticket=ticket, at=solved - HOUR)
        self.status(ticket, solved, "open", "resolved", actor=self.dice.choice(self.people))
        if number % 5 == 0:
            again = solved + self.dice.choice((1, 6, 8)) * 24 * HOUR
            MessageFactory(ticket=ticket, at=again)
            self.status(ticket, again, "resolved", "open", actor=None)
        ticket.save()

    def status(self, ticket, at, before, after, *, actor):
        data = {"before": before, "after": after}
        TimelineEntryFactory(ticket=ticket, fact=Fact.STATUS, at=at, actor=actor, data=data)
        ticket.updated_at = max(ticket.updated_at, at)


def played_period(zone):
    return CoveredTime(zone=zone, start=START, end=END, as_of=END)


def lines_by(dimension, period, *, reader=EVERYTHING):
    """The lines as the page counts them."""
    count = ScoreCount(dimension, people=load_people(), reader=reader, period=period)
    for promise in promises_of(period):
        count.add_promise(promise)
    count.add_incidents(list(incidents_of(period)))
    for end in ends_of(period):
        count.add_end(end)
    return count.lines()


class StrangersLine:
    def __init__(self):
        self.counts = Counter()
        self.responses = defaultdict(list)
        self.share = self.waived_share = 0

    def percentiles(self, kind):
        seconds = sorted(self.responses[kind])
        return [
            seconds[math.ceil(len(seconds) * each / 100) - 1] if seconds else None for each in (50, 90, 95)
        ]


class Stranger:
    """Counts the lines of one dimension. People and customers are told apart by the keys of their rows."""

    def __init__(self, folder: Path, dimension: str):
        self.dimension, self.lines = dimension, defaultdict(StrangersLine)
        self.terms = {
            str(clock): (own or of_customer or "", plan)
            for clock, own, of_customer, plan in _sql(
                "SELECT c.id, t.scenario, k.scenario, o.plan_id FROM escalation_clock c"
                " JOIN tickets_ticket t ON t.id = c.ticket_id LEFT JOIN customers_customer k ON k.id = t.customer_id"
                " LEFT JOIN customers_contract o ON o.id = c.contract_id"
            )
        }
        self.people = {login: str(pk) for pk, login in _sql("SELECT id, username FROM auth_user")}
        self.customers = {code: str(pk) for pk, code in _sql("SELECT id, code FROM customers_customer")}
        self.teams = {row["person"]: row["team"] for row in read(folder, "people.csv")}
        for row in read(folder, "promises.csv"):
            self.add_promise(row)
        for row in read(folder, "incidents.csv"):
            self.add_incident(row)
        self.add_ends()

    def side(self, row):
        """The line that an outcome counts for, where lines are not people."""
        manager = row["account_manager"]
        scenario, plan = self.terms.get(row["promise"], ("", None))
        return {
            "desk": "",
            "team": row.get("account_manager_team", self.teams.get(manager, "")),
            "account_manager": self.people.get(manager, ""),
            "customer": self.customers.get(row["customer_code"], ""),
            "priority": row["priority"][1:],
            "scenario": scenario,
            "plan": "" if plan is None else str(plan),
        }.get(self.dimension)

    def of(self, row, login):
        """The line that somebody's part counts for."""
        match self.dimension:
            case "person":
                return self.lines[self.people.get(login, "")]
            case "team":
                return self.lines[self.teams.get(login, "")]
        return self.lines[self.side(row)]

    def add_promise(self, row):
        is_person = self.dimension == "person"
        if row["answered_this_week"] == "yes" and (row["answered_by"] or not is_person):
            line = self.of(row, row["answered_by"]) if is_person else self.lines[self.side(row)]
            line.responses[row["kind"]].append(int(row["response_seconds"]))
        if row["counts_this_week"] == "no":
            return
        held, shares = pairs(row["held_by"]), dict(pairs(row["breach_shares"]))
        waived = row["outcome"] == "breached" and row["waived_at"] != ""
        whole = (
            [self.of(row, login) for login, _seconds in held] if is_person else [self.lines[self.side(row)]]
        )
        for line in whole:
            line.counts.update([row["outcome"], "decided"])
            line.counts["judged"] += row["outcome"] != "cancelled"
            line.counts["waived"] += waived
            line.counts["near-misses"] += row["near_miss"] == "yes"
        allowed = sum(int(seconds) for _login, seconds in held)
        allowed += int(row["left_seconds"] or 0) if row["outcome"] == "met" else 0
        concerned = {id(self.of(row, login)): self.of(row, login) for login, _seconds in held}
        for line in concerned.values():
            line.counts["held"] += 1
            line.counts["allowed_seconds"] += allowed if row["outcome"] != "cancelled" else 0
        for login, seconds in held:
            line = self.of(row, login)
            line.counts["held_seconds"] += int(seconds)
            line.counts["used_seconds"] += int(seconds) if row["outcome"] != "cancelled" and allowed else 0
            line.share += Decimal(shares.get(login, 0))
            line.waived_share += waived * Decimal(shares.get(login, 0))

    def add_incident(self, row):
        if row["incident"] in INCIDENTS:
            promise = row | {"promise": self._a_promise_of(row)}
            self.of(promise, row["person"]).counts[INCIDENTS[row["incident"]]] += 1

    def _a_promise_of(self, row):
        """Incidents count for the terms of their ticket, of which each has one promise in this world."""
        number = row["ticket"].removeprefix("SD#")
        ((clock,),) = _sql(f"SELECT id FROM escalation_clock WHERE ticket_id = {int(number)}")
        return str(clock)

    def add_ends(self):
        """Solved and opened again, out of the timeline; messages by their times."""
        rows = _sql(
            "SELECT e.ticket_id, e.at, e.actor_id, e.data, c.id, u.username, k.code, t.priority"
            " FROM tickets_timelineentry e JOIN tickets_ticket t ON t.id = e.ticket_id"
            " JOIN escalation_clock c ON c.ticket_id = t.id LEFT JOIN customers_customer k ON k.id = t.customer_id"
            " LEFT JOIN auth_user u ON u.id = k.account_manager_id WHERE e.fact = 'status' ORDER BY e.at"
        )
        logins = {pk: login for login, pk in self.people.items()}
        solvers = {}
        for ticket, at, actor, data, clock, manager, code, priority in rows:
            is_reopened = '"after": "open"' in str(data).replace("'", '"')
            if not is_reopened:
                solvers[ticket] = actor
            if not START <= _aware(at) < END:
                continue
            row = {
                "promise": str(clock),
                "account_manager": manager or "",
                "customer_code": code or "",
                "priority": f"P{priority}",
            }
            side = (
                self.people.get(logins.get(str(solvers.get(ticket)), ""), "")
                if self.dimension == "person"
                else self.side(row)
            )
            line = self.lines[side]
            if is_reopened:
                line.counts["reopened"] += 1
                continue
            line.counts["solved"] += 1
            for kind, moment, author in _sql(
                f"SELECT kind, at, author_id FROM tickets_message WHERE ticket_id = {int(ticket)}"
            ):
                later = _aware(moment) - _aware(at)
                line.counts["answers"] += kind == "outbound" and later <= timedelta(0)
                line.counts["wrote-again"] += (
                    kind == "inbound" and timedelta(0) < later <= 7 * 24 * HOUR and not author
                )


def _aware(moment):
    return moment if moment.tzinfo else moment.replace(tzinfo=START.tzinfo)


def _sql(text):
    with connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall()
