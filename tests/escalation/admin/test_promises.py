"""Promises, ledger, escalations and notifications: shown to those who see the ticket, changed by nobody."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from escalation.access import visible_clocks, visible_escalations, visible_ledger, visible_notifications
from escalation.admin.promises.clock import STATE
from escalation.choices import ClockKind, ClockState
from escalation.models import Clock, ClockEvent, Escalation, Heartbeat, Notification
from escalation.proof.inclusion import check_proof
from escalation.proof.sealing import seal_ledger
from tests.adminpages import add_url, list_url, listed, page_url
from tests.factories import (
    NOW,
    AdminFactory,
    ClockEventFactory,
    ClockFactory,
    ContactFactory,
    EscalationFactory,
    HeartbeatFactory,
    NotificationFactory,
    OutboundEmailFactory,
    TicketFactory,
    UserFactory,
    findable,
    staff,
)
from tests.talk import minute, opened
from tickets.choices import Priority
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

MAKE = {
    Clock: lambda ticket: ClockFactory(ticket=ticket),
    ClockEvent: lambda ticket: ClockEventFactory(clock__ticket=ticket),
    Escalation: lambda ticket: EscalationFactory(clock__ticket=ticket, to_owner=UserFactory()),
    Notification: lambda ticket: NotificationFactory(ticket=ticket, mail=OutboundEmailFactory(ticket=ticket)),
}
SEES = {
    Clock: visible_clocks,
    ClockEvent: visible_ledger,
    Escalation: visible_escalations,
    Notification: visible_notifications,
}
each_model = pytest.mark.parametrize("model", MAKE, ids=lambda model: model.__name__)


@pytest.fixture
def ann():
    return staff("ann", groups=["Account manager"])


@each_model
def test_an_account_manager_lists_what_belongs_to_own_tickets_and_a_director_everything(login, ann, model):
    own_row = MAKE[model](TicketFactory(owner=ann))
    foreign = MAKE[model](TicketFactory())
    assert listed(login(ann), model) == [own_row]
    assert set(listed(login(staff(groups=["Support director"])), model)) == {own_row, foreign}


@each_model
def test_a_foreign_row_looks_like_one_that_does_not_exist(login, ann, model):
    row = MAKE[model](TicketFactory(customer__name="Secret Games"))
    client = login(ann)
    there = client.get(page_url(row), follow=True)
    assert "Secret Games" not in there.content.decode()
    row.pk += 1000
    assert client.get(page_url(row), follow=True).redirect_chain == there.redirect_chain


@each_model
@pytest.mark.parametrize(
    "who", [AdminFactory, lambda: staff(groups=["Duty manager"])], ids=["admin", "duty manager"]
)
def test_not_even_an_administrator_edits_adds_or_deletes_a_record(login, model, who):
    row = MAKE[model](TicketFactory())
    client = login(who())
    assert client.get(page_url(row)).status_code == 200
    assert client.post(page_url(row), {"cause": "forged"}).status_code == 403
    assert client.get(add_url(model)).status_code == 403
    assert client.post(page_url(row).replace("change", "delete"), {"post": "yes"}).status_code == 403
    client.post(list_url(model), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert model.objects.filter(pk=row.pk).exists()


@each_model
def test_anonymous_and_inactive_users_see_nothing(model):
    gone = AdminFactory(is_active=False)
    MAKE[model](TicketFactory(owner=gone))
    assert not SEES[model](AnonymousUser()).exists()
    assert not SEES[model](gone).exists()


@each_model
def test_thirty_rows_cost_the_queries_of_three(login, count_queries, model):
    client = login(AdminFactory())

    def make(count):
        for _number in range(count):
            MAKE[model](TicketFactory())

    make(3)
    listed(client, model)
    few = count_queries(lambda: listed(client, model))
    make(27)
    assert count_queries(lambda: listed(client, model)) == few
    assert len(listed(client, model)) == 30


def test_a_notification_is_visible_to_its_recipient_without_access_to_the_ticket(login, ann):
    notification = NotificationFactory(recipient=ann, ticket=TicketFactory())
    assert listed(login(ann), Notification) == [notification]


@pytest.mark.parametrize("words", ["SD#{pk}", "{pk}", "Black launch", "show time"])
def test_a_promise_is_found_by_its_ticket(login, words):
    ticket = TicketFactory(subject="Black launch", customer__name="Show Time")
    clock = ClockFactory(ticket=ticket)
    ClockFactory()
    findable(ticket)
    assert listed(login(AdminFactory()), Clock, q=words.format(pk=ticket.pk)) == [clock]


def test_the_page_of_a_promise_shows_its_ledger(login, ann):
    clock = ClockFactory(ticket=TicketFactory(owner=ann))
    ClockEventFactory(clock=clock, cause="the customer wrote")
    assert "the customer wrote" in login(ann).get(page_url(clock)).content.decode()


def test_every_state_of_a_promise_has_a_colour_so_that_its_name_is_shown_and_not_its_code():
    assert set(STATE) == set(ClockState)


def test_heartbeats_are_for_operators(login):
    beat = HeartbeatFactory(detail="42 looked at")
    assert listed(login(staff(groups=["Operator"])), Heartbeat) == [beat]
    assert login(staff(groups=["Account manager"])).get(list_url(Heartbeat)).status_code == 403


def test_the_list_of_tickets_shows_the_promise_that_falls_due_next(login, frozen):
    late, soon, answered, waiting = TicketFactory.create_batch(4)
    ClockFactory(ticket=waiting, due_at=NOW - timedelta(minutes=1), state=ClockState.PAUSED)
    ClockFactory(ticket=late, due_at=NOW - timedelta(minutes=1))
    ClockFactory(ticket=soon, due_at=NOW + timedelta(hours=1), kind=ClockKind.NEXT_RESPONSE)
    ClockFactory(ticket=soon, due_at=NOW + timedelta(hours=2))
    ClockFactory(ticket=answered, stopped_at=NOW)
    client = login(AdminFactory())
    due = {row.pk: row.next_due for row in listed(client, Ticket)}
    assert due == {
        late.pk: NOW - timedelta(minutes=1),
        soon.pk: NOW + timedelta(hours=1),
        answered.pk: None,
        waiting.pk: None,
    }
    page = client.get(list_url(Ticket)).content.decode()
    assert "2026-11-18 17:44" in page  # the reader's zone
    assert "2026-11-18 18:45" in page


def test_a_waived_promise_says_who_waived_it_and_why(login, ann):
    clock = ClockFactory(
        ticket=TicketFactory(owner=ann), waived_at=NOW, waived_by=ann, waive_reason="their network was down"
    )
    page = login(ann).get(page_url(clock)).content.decode()
    assert f"2026-11-18 20:00 · {ann.get_full_name()} · their network was down" in page


@pytest.fixture
def ticket(ann):
    """A ticket of a customer of Ann."""
    return opened(priority=Priority.P2, contact=ContactFactory(customer__account_manager=ann))


def test_a_promise_is_proven_by_a_file_for_those_who_may_see_it(login, ann, ticket):
    seal_ledger(at=minute(60))
    clock = ticket.clocks.get()
    page = login(ann).get(reverse("admin:escalation_clock_change", args=[clock.pk]))
    address = reverse("admin:escalation_clock_proof", args=[clock.pk])
    assert address in page.text
    answer = login(ann).get(address)
    assert answer["Content-Disposition"] == f'attachment; filename="sla-{clock.pk}-proof.json"'
    assert list(check_proof(answer.json())) == []
    assert answer.json()["lines"][0]["seal"]["number"] == 1
    assert login(staff(groups=["Account manager"])).get(address).status_code == 404


@pytest.mark.parametrize(
    ("group", "status"), [("Support director", 200), ("Operator", 200), ("Team lead", 403)]
)
def test_the_seals_are_shown_to_directors_and_operators(login, ticket, group, status):
    [seal] = seal_ledger(at=minute(60))
    client = login(staff(groups=[group]))
    listed = client.get(reverse("admin:escalation_seal_changelist"))
    shown = client.get(reverse("admin:escalation_seal_change", args=[seal.number]))
    assert (listed.status_code, shown.status_code) == (status, status)
    if status == 200:
        assert bytes(seal.hash).hex() in listed.text
        assert bytes(seal.root).hex() in shown.text


def test_leads_find_the_waivers_that_wait_for_a_second_person(login, ann):
    fields = {"waiver_proposed_at": NOW, "waiver_proposed_by": ann}
    proposed, waived, plain = (
        ClockFactory(**fields),
        ClockFactory(**fields, waived_at=NOW, waived_by=ann),
        ClockFactory(),
    )
    client = login(AdminFactory())

    def found(choice):
        html = client.get(list_url(Clock), {"waiver": choice}).text
        return [clock for clock in (proposed, waived, plain) if page_url(clock) in html]

    assert found("proposed") == [proposed]
    assert found("waived") == [waived]
    assert found("") == [proposed, waived, plain]
