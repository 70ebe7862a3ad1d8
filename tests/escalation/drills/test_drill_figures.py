"""A drill is left out of every figure that the desk shows or sends; only its own report counts it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from prometheus_client import generate_latest

from customers.models import Customer
from escalation.clocks.outdated_terms import outdated_clocks, version_in_force
from escalation.drills.drills import start_drill
from escalation.enforcement.lag import breach_lag, catch_ups, step_lag
from escalation.enforcement.sweep import sweep
from escalation.enforcement.waivers import confirm_waiver, waive_promise
from escalation.exports import scorecard
from escalation.exports.due_weeks import desk_zone
from escalation.exports.pack import preview_week
from escalation.exports.promises import promises_of
from escalation.exports.scorecard import incidents_of
from escalation.exports.ticket_list_csv import tickets_response
from escalation.exports.tickets_csv import tickets_of
from escalation.lib.weeks import Period, week_of
from escalation.models import Clock, Escalation, Policy
from escalation.policies.editing import Window, revise_policy
from supportdesk.monitoring.counts import open_promises
from supportdesk.monitoring.metrics import registry_at
from supportdesk.pages.board.queries import board_counters, board_rows, compliance
from tests.adminpages import list_url
from tests.factories import AbsenceFactory, CustomerFactory, TeamFactory, set_desk, staff
from tests.talk import minute
from tickets.models import Ticket
from tickets.services.first_owner import choose_first_owner
from tickets.services.status_and_priority import change_priority

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

NOW = minute(200)


@pytest.fixture
def boss():
    boss = staff("boss", groups=["Duty manager"])
    set_desk(duty_manager=boss, intake_owner=boss)
    return boss


@pytest.fixture
def customer():
    return CustomerFactory(account_manager=staff("ann", groups=["Account manager"]))


@pytest.fixture
def drill(boss, customer):
    """Breached, escalated, lowered late and waived: everything that could be counted."""
    ticket = start_drill(actor=boss, at=minute(0), reason="monthly", customer=customer)
    change_priority(ticket=ticket, priority=2, actor=boss, at=minute(29), reason="calmer")
    sweep(now=minute(31))
    sweep(now=minute(90))
    clock = Clock.objects.get(ticket=ticket)
    waive_promise(clock=clock, actor=boss, at=minute(91), reason="drill")
    confirm_waiver(clock=clock, actor=staff(groups=["Team lead"]), at=minute(91))
    assert Escalation.objects.filter(clock__ticket=ticket, to_owner__isnull=False).exists()
    return ticket


@pytest.fixture
def period(drill):
    return Period.of(week_of(NOW, desk_zone()), zone=desk_zone())


def test_the_sheets_of_the_weekly_pack_leave_out_drills(drill, period, tmp_path):
    assert not tickets_of(period).exists()
    assert list(promises_of(period)) == []
    assert list(incidents_of(period)) == []
    pack = preview_week(week=period.week, at=NOW + timedelta(days=7), folder=tmp_path)
    assert [pack.files[name].rows for name in ("tickets.csv", "promises.csv")] == [0, 0]
    assert "boss" not in (tmp_path / "scorecard.csv").read_text()
    assert pack.desk == scorecard.Tally()


def test_an_exported_list_leaves_out_drills(drill, login, boss):
    response = tickets_response(Ticket.objects.all(), zone=desk_zone())
    assert drill.number not in b"".join(response.streaming_content).decode()
    exported = login(boss).get(reverse("admin:board_export"))
    assert drill.number not in b"".join(exported.streaming_content).decode()


def test_the_board_lists_a_drill_but_does_not_count_it(drill, login, boss):
    Clock.objects.update(waived_at=None)  # a waived one would not count anyway
    counted = board_counters(Ticket.objects.all(), now=NOW)
    assert (counted.breached, counted.soon, counted.running, counted.unassigned) == (0, 0, 0, 0)
    assert board_counters(Ticket.objects.all(), now=minute(1)).running == 0
    this, last = compliance(Ticket.objects.all(), now=NOW)
    assert (this.met, this.breached, last.met, last.breached) == (0, 0, 0, 0)
    assert [row.ticket for row in board_rows(Ticket.objects.all(), now=NOW).rows] == [drill]
    page = login(boss).get(reverse("admin:index")).content.decode()
    assert "【演练】" in page
    assert "row-drill" in page


def test_the_lag_of_enforcement_leaves_out_drills(drill):
    assert (breach_lag(now=NOW).count, step_lag(now=NOW).count, catch_ups(now=NOW)) == (0, 0, [])


def test_metrics_and_operations_page_leave_out_drills(drill, boss, customer):
    assert sum(count.running + count.breached for count in open_promises()) == 0
    page = generate_latest(registry_at(NOW)).decode()
    assert "supportdesk_healthy" in page
    assert "supportdesk_promises_breached_open{" not in page
    assert 'of="breach"' not in page


def test_promises_under_older_terms_leave_out_drills(boss, customer):
    start_drill(actor=boss, at=minute(0), reason="monthly", customer=customer)
    policy = Policy.objects.get(is_default=True)
    targets = policy.versions.latest("number").targets.select_related("calendar")
    windows = [Window(each.kind, each.priority, 2 * each.minutes, each.calendar) for each in targets]
    revise_policy(policy=policy, windows=windows, actor=None, at=minute(1))
    version = version_in_force(policy)
    assert not outdated_clocks(version, Clock.objects.all()).exists()


def test_the_count_of_a_customers_open_tickets_leaves_out_drills(login, boss, customer):
    start_drill(actor=boss, at=minute(0), reason="monthly", customer=customer)
    boss.is_superuser = True
    boss.save()
    html = login(boss).get(list_url(Customer)).content.decode()
    assert ">0</a>" in html
    assert ">1</a>" not in html


def test_the_load_of_a_colleague_leaves_out_drills(boss, customer):
    team = TeamFactory()
    away, free, _busy = (staff(name, team=team) for name in ("away", "free", "busy"))
    customer.account_manager = away
    customer.save()
    AbsenceFactory(user=away)
    ticket = start_drill(actor=boss, at=minute(0), reason="monthly", customer=customer)
    assert ticket.owner == free
    assert choose_first_owner(customer=customer, at=minute(1)).user == free


def test_without_the_drill_mark_every_figure_would_count_the_ticket(drill, period):
    """The walk above proves nothing unless these rows count as soon as they are real."""
    Ticket.objects.filter(pk=drill.pk).update(is_drill=False)
    assert tickets_of(period).exists()
    assert list(promises_of(period))
    assert {incident.kind.value for incident in incidents_of(period)} >= {"escalation", "waived"}
    Clock.objects.update(waived_at=None)
    assert board_counters(Ticket.objects.all(), now=NOW).breached
    assert compliance(Ticket.objects.all(), now=NOW)[0].breached
    assert breach_lag(now=NOW).count
