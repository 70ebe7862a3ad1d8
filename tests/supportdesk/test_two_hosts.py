"""Two hosts on one database, of which one has a wrong clock: promises are kept and broken by the database's time."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from escalation.choices import ClockState
from escalation.models import Escalation, Heartbeat
from escalation.tasks import run_sweep
from supportdesk.monitoring.check_results import Check
from supportdesk.monitoring.health import health
from supportdesk.processes.cluster.reports import report_alive
from tests.factories import CustomerFactory, set_desk, staff
from tests.hosts import host_clock_off
from tests.talk import clock_of, words
from tickets.choices import Priority
from tickets.models import Ticket
from tickets.services.opening import open_ticket

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

SECOND = timedelta(seconds=1)
WINDOW = timedelta(minutes=30)  # of a P0, day and night


@pytest.fixture
def anna() -> User:
    set_desk(duty_manager=staff("duty"))
    return staff("anna", reports_to=staff("boss"), groups=["Account manager"])


def opened_so_that_it_is_due(anna: User, at: datetime) -> Ticket:
    customer = CustomerFactory(account_manager=anna)
    contact = customer.contacts.create(email="li@company.example")
    start = at - WINDOW
    ticket = open_ticket(
        subject="Black screen", content=words(), received_at=start, at=start, priority=Priority.P0,
        customer=customer, contact=contact,
    )  # fmt: skip
    assert clock_of(ticket).due_at == at
    return ticket


def answer(client: Client, ticket: Ticket) -> None:
    fields = {"token": str(uuid.uuid4()), "seen": ticket.messages.get().pk, "body": "We look into it."}
    client.post(reverse("admin:tickets_ticket_act", args=[ticket.pk, "reply"]), fields)
    assert ticket.messages.count() == 2


@pytest.mark.parametrize(
    ("late", "off", "state"),
    [(60, -90, ClockState.BREACHED), (-60, 90, ClockState.MET)],
    ids=["late on a host that is behind", "in time on a host that is ahead"],
)
def test_an_answer_is_judged_by_the_databases_time(
    client: Client, anna: User, late: int, off: int, state: ClockState
) -> None:
    ticket = opened_so_that_it_is_due(anna, datetime.now(UTC) - late * SECOND)
    client.force_login(anna)
    with host_clock_off(off * SECOND):
        answer(client, ticket)
    clock = clock_of(ticket)
    assert clock.state == state
    assert abs(clock.stopped_at - clock.due_at - late * SECOND) < 20 * SECOND


@pytest.mark.parametrize(
    ("due_in", "off", "state"),
    [(60, 90, ClockState.RUNNING), (-60, -90, ClockState.BREACHED)],
    ids=["not due, on a host that is ahead", "due, on a host that is behind"],
)
def test_a_sweep_breaks_what_is_due_and_nothing_else(
    anna: User, due_in: int, off: int, state: ClockState
) -> None:
    ticket = opened_so_that_it_is_due(anna, datetime.now(UTC) + due_in * SECOND)
    with host_clock_off(off * SECOND):
        run_sweep()
    assert clock_of(ticket).state == state
    assert Escalation.objects.filter(step__percent=100).exists() is (state == ClockState.BREACHED)
    assert abs(Heartbeat.objects.get(name="sweep").at - datetime.now(UTC)) < 20 * SECOND


@pytest.mark.parametrize("off", [90, -90])
def test_the_wrong_host_is_named_by_the_health_of_the_right_one(
    anna: User, off: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_CLUSTER", "worker-2:7-abc")
    with host_clock_off(off * SECOND):
        run_sweep()
        report_alive(workers=3, busy=0, now=datetime.now(UTC))
    with host_clock_off(timedelta()):
        problems = health(now=datetime.now(UTC)).problems
    [finding] = [finding for finding in problems if finding.check is Check.HOST_CLOCKS]
    way = "ahead of" if off > 0 else "behind"
    assert finding.text.startswith(f"The clock of worker-2 is 1 min {way} the database’s.")
