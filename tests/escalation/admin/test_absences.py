"""Absences in the admin: the form says what an absence will do, and whoever is back decides on a page."""

import pytest
from django.urls import reverse

from customers.models import Absence
from escalation.absences.moving import move_from_absent
from escalation.absences.returning import offer_back
from escalation.models import AbsenceMove, Settled
from tests.adminpages import add_url, list_url, listed, page_url, run_action, said
from tests.factories import AbsenceFactory, ContactFactory, CustomerFactory, TicketFactory, set_desk, staff
from tests.talk import minute, opened
from tickets.choices import Priority
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

MANAGER = ["Account manager"]
TASK = "escalation.tasks.follow_absences"


@pytest.fixture(autouse=True)
def boss():
    boss = staff("boss", groups=["Duty manager"])
    set_desk(duty_manager=boss, intake_owner=boss)
    return boss


@pytest.fixture
def bob():
    return staff("bob", groups=MANAGER)


@pytest.fixture
def ann(bob):
    return staff("ann", groups=MANAGER, deputy=bob)


@pytest.fixture
def ticket(ann):
    contact = ContactFactory(customer=CustomerFactory(account_manager=ann))
    return opened(-60, contact=contact, priority=Priority.P2)


@pytest.fixture
def move(ticket, ann):
    absence = AbsenceFactory(user=ann, starts_at=minute(-50), ends_at=minute(-10))
    move_from_absent(now=minute(-50))
    offer_back(now=minute(-5))
    return absence.moves.get()


def enter_absence(client, user, start="2026-11-18", end="2026-11-20"):
    fields = {"starts_at_0": start, "starts_at_1": "00:00", "ends_at_0": end, "ends_at_1": "00:00"}
    return client.post(add_url(Absence), {"user": user.pk, "reason": "", **fields}, follow=True)


def test_entering_an_absence_says_who_stands_in(login, ann, bob):
    response = enter_absence(login(ann), ann)
    assert any(f"go to {bob.get_full_name()} as deputy" in line for line in said(response))


def test_no_forecast_is_shown_for_an_absence_that_is_over(login, ann):
    response = enter_absence(login(ann), ann, "2020-01-01", "2020-01-02")
    assert Absence.objects.filter(user=ann, ends_at__year=2020).exists()
    assert not any("as deputy" in line for line in said(response))


def test_without_a_deputy_the_person_is_warned_beforehand_and_afterwards(login, bob, boss):
    client = login(bob)
    warning = f"go to {boss.get_full_name()}, the duty manager. Set a deputy"
    html = client.get(add_url(Absence)).content.decode()
    assert warning in html
    assert "banner-warn" in html
    assert any(warning in line for line in said(enter_absence(client, bob)))


def test_the_page_of_an_absence_names_the_person_who_is_away(login, ann, bob, boss):
    html = login(boss).get(page_url(AbsenceFactory(user=ann))).content.decode()
    assert f"While {ann.get_full_name()} is away" in html
    assert "banner-warn" not in html


def test_entering_editing_or_deleting_an_absence_queues_the_task_at_once(
    login, ann, queued, django_capture_on_commit_callbacks
):
    client = login(ann)
    with django_capture_on_commit_callbacks(execute=True):
        enter_absence(client, ann)
    assert queued.names == [TASK]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(page_url(Absence.objects.get()).replace("change", "delete"), {"post": "yes"})
    assert queued.names == [TASK, TASK]
    assert not Absence.objects.exists()


def test_a_move_is_listed_for_both_colleagues_and_for_no_stranger(login, move, ann, bob):
    for user in (ann, bob):
        assert listed(login(user), AbsenceMove) == [move]
    assert listed(login(staff("eve", groups=MANAGER)), AbsenceMove) == []


def test_tickets_can_be_taken_back_from_the_list(login, move, ticket, ann):
    response = run_action(login(ann), "take_back", [move])
    assert said(response) == ["1 was done."]
    assert Ticket.objects.get(pk=ticket.pk).owner == ann


def test_tickets_can_be_kept_from_the_list_once(login, move, ticket, bob):
    client = login(bob)
    run_action(client, "keep", [move])
    move.refresh_from_db()
    assert (move.settled_as, Ticket.objects.get(pk=ticket.pk).owner) == (Settled.KEPT, bob)
    assert "nothing left to decide" in said(run_action(client, "take_back", [move]))[0]


def test_a_stranger_cannot_decide_by_guessing(login, move, ticket, bob):
    run_action(login(staff("eve", groups=MANAGER)), "take_back", [move])
    assert Ticket.objects.get(pk=ticket.pk).owner == bob


def test_a_reader_without_the_right_to_change_tickets_is_offered_nothing(login, move):
    operator = staff("olga", groups=["Operator"])
    assert login(operator).get(list_url(AbsenceMove)).status_code == 403


def test_the_list_of_thirty_costs_the_queries_of_three(login, boss, ann, count_queries):
    client = login(boss)
    absence = AbsenceFactory(user=ann, starts_at=minute(-50), ends_at=minute(50))
    TicketFactory.create_batch(3, owner=ann, unanswered_since=minute(-60))
    move_from_absent(now=minute(-50))
    client.get(list_url(AbsenceMove))
    few = count_queries(lambda: client.get(list_url(AbsenceMove)))
    TicketFactory.create_batch(30, owner=ann, unanswered_since=minute(-60))
    move_from_absent(now=minute(-40))
    assert absence.moves.count() == 33
    assert count_queries(lambda: client.get(list_url(AbsenceMove))) == few


def test_the_ticket_page_asks_those_who_may_decide_an_offer(login, move, ticket, ann, bob):
    html = login(bob).get(page_url(ticket)).content.decode()
    assert reverse("admin:tickets_ticket_act", args=[ticket.pk, "take_back"]) in html
    assert reverse("admin:tickets_ticket_act", args=[ticket.pk, "keep"]) in html
    AbsenceMove.objects.update(settled_at=minute(0), settled_as=Settled.KEPT)
    assert "take_back" not in login(bob).get(page_url(ticket)).content.decode()


@pytest.mark.parametrize(("act", "owner"), [("take_back", "ann"), ("keep", "bob")])
def test_an_offer_can_be_decided_on_the_ticket_page(login, move, ticket, bob, act, owner):
    token = "11111111-1111-4111-8111-111111111111"
    url = reverse("admin:tickets_ticket_act", args=[ticket.pk, act])
    login(bob).post(url, {"token": token, "move": move.pk})
    assert Ticket.objects.get(pk=ticket.pk).owner.username == owner
    move.refresh_from_db()
    assert move.settled_by == bob


def test_a_move_of_another_ticket_cannot_be_decided_on_this_ticket(login, move, ticket, bob):
    other = TicketFactory(owner=bob)
    url = reverse("admin:tickets_ticket_act", args=[other.pk, "take_back"])
    token = "11111111-1111-4111-8111-111111111111"
    login(bob).post(url, {"token": token, "move": move.pk})
    assert Ticket.objects.get(pk=ticket.pk).owner == bob
