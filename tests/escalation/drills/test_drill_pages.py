"""Pages of fire drills: the report, its CSV, the list with the median, starting and ending one."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import F
from django.urls import reverse

from escalation.choices import AcknowledgedBy, AttemptOutcome, Medium
from escalation.drills.drills import end_drill, start_drill
from escalation.drills.report import median_after, report_of, with_first_acknowledged
from escalation.enforcement.acknowledge import acknowledge
from escalation.enforcement.sweep import sweep
from escalation.models import Drill, Escalation, Notification, NotificationAttempt
from tests.adminpages import add_url, list_url, page_url, said
from tests.factories import CustomerFactory, set_desk, staff
from tests.talk import called, minute
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def mia():
    return staff("mia", groups=["Team lead"])


@pytest.fixture
def boss(mia):
    boss = staff("boss", groups=["Duty manager"], time_zone="UTC")
    ann = staff("ann", groups=["Account manager"], reports_to=mia)
    set_desk(duty_manager=boss, intake_owner=ann)
    return boss


@pytest.fixture
def ann(boss):
    return Drill._meta.get_field("started_by").related_model.objects.get(username="ann")


@pytest.fixture
def drill(boss):
    return start_drill(actor=boss, at=minute(0), reason="=1+1 monthly").drill


def acknowledge_at(drill, user, at):
    acknowledge(ticket=drill.ticket, actor=user, at=minute(at), by=AcknowledgedBy.PAGE)


def people(drill):
    return {person.user.username: person for person in report_of(drill).people}


def test_the_report_says_who_acknowledged_after_how_long_and_who_never_did(drill, boss, ann):
    acknowledge_at(drill, ann, 4)
    people_by_name = people(drill)
    assert (people_by_name["ann"].after, people_by_name["ann"].told_at) == (timedelta(minutes=4), minute(0))
    assert people_by_name["boss"].acknowledged_at is None
    assert report_of(drill).first_after == timedelta(minutes=4)
    assert [person.user for person in report_of(drill).silent] == [boss]


def test_a_person_who_acknowledges_before_being_notified_is_counted_from_the_start(drill, boss, mia):
    acknowledge_at(drill, mia, 26)
    assert (people(drill)["mia"].told_at, people(drill)["mia"].times) == (None, 0)
    sweep(now=minute(30))
    assert people(drill)["mia"].told_at is not None
    assert people(drill)["mia"].after == timedelta(minutes=26)


def test_the_report_says_that_nobody_acknowledged(drill):
    assert report_of(drill).first_after is None
    assert {person.after for person in report_of(drill).people} == {None}


def test_the_report_lists_attempts_moves_and_the_end_in_order(drill, boss, ann, mia):
    first = Notification.objects.filter(ticket=drill.ticket, recipient=ann).first()
    NotificationAttempt.objects.create(
        notification=first, medium=Medium.SMS, to="+86 *** 12", at=minute(1), outcome=AttemptOutcome.REFUSED,
        answer="no such number",
    )  # fmt: skip
    sweep(now=minute(30))
    end_drill(drill=drill, actor=boss, at=minute(40))
    drill.refresh_from_db()
    lines = report_of(drill).lines
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert (lines[0].what, lines[-1].what, lines[-1].outcome) == (
        "Drill started",
        "Drill over",
        "Ended by hand",
    )
    [attempt] = [line for line in lines if line.medium == "SMS"]
    assert (attempt.who, attempt.answer) == (ann.get_full_name(), "no such number")
    moves = [line.what for line in lines if line.what.startswith("Moved")]
    assert moves == [f"Moved from {ann.get_full_name()} to {mia.get_full_name()}"]


def test_a_step_that_leaves_the_drill_where_it_is_is_no_move(drill):
    sweep(now=minute(30))
    assert Escalation.objects.filter(clock__ticket=drill.ticket).update(to_owner=F("from_owner"))
    assert not [line.what for line in report_of(drill).lines if line.what.startswith("Moved")]


def test_the_report_costs_the_same_however_many_were_told(drill, count_queries):
    few = count_queries(lambda: report_of(drill).lines)
    for at in (15, 24, 30, 45, 60, 75):
        sweep(now=minute(at))
    assert count_queries(lambda: report_of(drill).lines) == few == 4


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_report_opens_during_and_after_the_drill(login, drill, boss, ann, language):
    boss.staff_profile.language = language
    boss.staff_profile.save()
    client = login(boss)
    assert (
        reverse("admin:escalation_drill_end", args=[drill.pk]) in client.get(page_url(drill)).content.decode()
    )
    acknowledge_at(drill, ann, 4)
    called(drill.ticket, 7)
    html = client.get(page_url(drill)).content.decode()
    assert reverse("admin:escalation_drill_end", args=[drill.pk]) not in html
    assert ann.get_full_name() in html
    assert "=1+1 monthly" in html


def test_the_csv_runs_no_formula_and_names_who_never_acknowledged(login, drill, boss, ann):
    ann.first_name = "=cmd"
    ann.last_name = ""
    ann.save()
    response = login(boss).get(reverse("admin:escalation_drill_csv", args=[drill.pk]))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[0] == "at,seconds_since_start,person,what,channel,outcome,answer"
    assert "'=cmd" in text
    assert text.splitlines()[-1].endswith("Never acknowledged,,,")
    assert "attachment" in response.headers["Content-Disposition"]


def test_the_list_shows_start_duration_and_median_of_drills(login, boss, ann):
    for start, after in ((0, 2), (10, 4), (20, None), (30, 9)):
        drill = start_drill(actor=boss, at=minute(start), reason="again").drill
        if after:
            acknowledge_at(drill, ann, start + after)
        end_drill(drill=drill, actor=boss, at=minute(start + 9.5))
    assert median_after(with_first_acknowledged(Drill.objects.all())) == timedelta(minutes=4)
    html = login(boss).get(list_url(Drill)).content.decode()
    assert "first acknowledgement: <b>4 min</b>" in html
    assert "2 min" in html
    assert "nobody" in html


def test_an_empty_list_of_drills_says_so(login, boss):
    assert "No drill has been acknowledged yet." in login(boss).get(list_url(Drill)).content.decode()
    assert median_after([]) is None


def test_the_list_of_many_costs_the_queries_of_one(login, drill, boss, count_queries):
    client = login(boss)
    client.get(list_url(Drill))
    few = count_queries(lambda: client.get(list_url(Drill)))
    end_drill(drill=drill, actor=boss, at=minute(1))
    for at in range(2, 12):
        later_drill = start_drill(actor=boss, at=minute(at), reason="again").drill
        end_drill(drill=later_drill, actor=boss, at=minute(at + 0.5))
    assert count_queries(lambda: client.get(list_url(Drill))) == few


def test_a_drill_is_started_once_on_its_page(login, boss):
    customer = CustomerFactory()
    client, form = login(boss), {"token": uuid4(), "reason": "night", "until_acknowledged": "on"}
    assert client.get(add_url(Drill)).status_code == 200
    response = client.post(add_url(Drill), {**form, "customer": customer.pk})
    drill = Drill.objects.get()
    assert response.url == page_url(drill)
    assert (drill.ticket.customer, drill.until_acknowledged, drill.started_by) == (customer, True, boss)
    again = client.post(add_url(Drill), {**form, "customer": customer.pk}).content.decode()
    assert "was already started" in again
    assert Drill.objects.count() == 1


def test_a_refusal_is_shown_and_nothing_is_lost(login, drill, boss):
    html = login(boss).post(add_url(Drill), {"token": uuid4(), "reason": "second one"}).content.decode()
    assert "A fire drill is already running" in html
    assert 'value="second one"' in html
    html = login(boss).post(add_url(Drill), {"token": uuid4(), "reason": ""}).content.decode()
    assert "This field is required." in html


def test_a_drill_is_ended_on_its_page(login, drill, boss):
    response = login(boss).post(reverse("admin:escalation_drill_end", args=[drill.pk]), follow=True)
    assert said(response) == ["The drill is over; no more paging for it."]
    drill.refresh_from_db()
    assert drill.ended_by == boss
    again = login(boss).post(reverse("admin:escalation_drill_end", args=[drill.pk]), follow=True)
    assert said(again) == ["This drill is already over."]


def test_following_a_link_ends_no_drill(login, drill, boss):
    assert login(boss).get(reverse("admin:escalation_drill_end", args=[drill.pk])).status_code == 403
    drill.refresh_from_db()
    assert drill.is_running


def test_an_account_manager_cannot_reach_drills(login, drill, ann):
    client = login(ann)
    pages = [list_url(Drill), add_url(Drill), page_url(drill)]
    pages.append(reverse("admin:escalation_drill_csv", args=[drill.pk]))
    assert {client.get(page).status_code for page in pages} == {403}
    assert client.post(reverse("admin:escalation_drill_end", args=[drill.pk])).status_code == 403
    assert client.post(add_url(Drill), {"token": uuid4(), "reason": "x"}).status_code == 403


def test_a_lead_reads_the_report_of_a_ticket_they_see_and_ends_nothing(login, drill, mia):
    client = login(mia)
    assert client.get(page_url(drill)).status_code == 200
    assert client.post(reverse("admin:escalation_drill_end", args=[drill.pk])).status_code == 403
    assert client.get(add_url(Drill)).status_code == 403
    other = login(staff("olga", groups=["Team lead"]))
    assert other.get(page_url(drill)).status_code == 404
    assert not other.get(list_url(Drill)).context["cl"].result_list


def test_the_ticket_page_says_that_the_ticket_is_a_drill(login, drill, boss, ann):
    end = reverse("admin:escalation_drill_end", args=[drill.pk])
    html = login(ann).get(page_url(drill.ticket)).content.decode()
    assert "This is a fire drill. Act as if it were real" in html
    assert 'id="tab-contact" checked' in html
    assert end not in html
    assert end in login(boss).get(page_url(drill.ticket)).content.decode()
    end_drill(drill=drill, actor=boss, at=minute(2))
    html = login(boss).get(page_url(Ticket.objects.get(pk=drill.ticket_id))).content.decode()
    assert "This was a fire drill." in html
    assert end not in html
