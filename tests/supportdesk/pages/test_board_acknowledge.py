"""Acknowledge on the board: which rows ask the reader, who has what, and the button."""

import pytest
from django.contrib.auth.models import Permission

from escalation.choices import AcknowledgedBy, NoticeKind
from escalation.clocks.acknowledgements import holding_acknowledgements
from escalation.enforcement.acknowledge import acknowledge, escalate_now
from escalation.enforcement.sweep import sweep
from escalation.models import Acknowledgement
from supportdesk.pages.board.queries import board_rows
from tests.factories import (
    ClockFactory,
    ContactFactory,
    CustomerFactory,
    NotificationFactory,
    TicketFactory,
    set_desk,
    staff,
)
from tests.talk import answered, clock_of, minute, opened
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
GROUP = ["Account manager"]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(minute(31), tick=False)
    return time_machine


@pytest.fixture
def boss():
    return staff("boss", groups=GROUP, reports_to=staff("top", groups=GROUP), time_zone="UTC")


@pytest.fixture
def ann(boss):
    return staff("ann", groups=GROUP, reports_to=boss, time_zone="UTC")


@pytest.fixture
def ticket(ann) -> Ticket:
    """A P0 that went from Ann to Boss at minute 30."""
    set_desk(duty_manager=staff("dora", groups=GROUP))
    ticket = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)))
    sweep(now=minute(30))
    ticket.refresh_from_db()
    return ticket


def board_row_for(reader=None, at: float = 31):
    [board_row] = board_rows(Ticket.objects.all(), now=minute(at), reader=reader).rows
    return board_row


def url(ticket: Ticket) -> str:
    return f"/board/{ticket.pk}/acknowledge/"


def test_a_row_asks_its_holder_and_everybody_told_to_acknowledge_and_nobody_else(ticket, boss, ann):
    assert board_row_for(boss).asks_me
    assert board_row_for(ann).asks_me  # she was reminded at minute 15
    assert not board_row_for(staff("eve")).asks_me
    assert not board_row_for(None).asks_me


def test_a_notification_that_only_informs_asks_nobody_to_acknowledge(ann):
    clock = ClockFactory(ticket=TicketFactory(opened_at=minute(0)))
    NotificationFactory(recipient=ann, ticket=clock.ticket, clock=clock, kind=NoticeKind.CUSTOMER_WROTE)
    assert not board_row_for(ann).asks_me


def test_an_acknowledged_row_shows_who_has_it_and_asks_again_after_the_next_firing(ticket, boss, ann):
    acknowledge(ticket=ticket, actor=boss, at=minute(31), by=AcknowledgedBy.BOARD)
    assert (board_row_for(boss).in_hand.user, board_row_for(boss).asks_me, board_row_for(ann).asks_me) == (
        boss,
        False,
        True,
    )
    assert board_row_for(boss, 46).in_hand is None
    assert not board_row_for(boss, 46).asks_me
    sweep(now=minute(46))
    assert board_row_for(boss, 46).asks_me


def test_escalating_by_hand_ends_ones_own_acknowledgement(ticket, boss):
    acknowledge(ticket=ticket, actor=boss, at=minute(31), by=AcknowledgedBy.BOARD)
    escalate_now(ticket=ticket, actor=boss, at=minute(32), reason="Over my head.")
    assert holding_acknowledgements([clock_of(ticket)], now=minute(33)) == {}


def test_the_button_acknowledges_and_the_list_shows_who_has_it(login, ticket, boss, ann):
    client = login(boss)
    assert url(ticket) in client.get("/").content.decode()
    response = client.post(url(ticket), headers=HTMX)
    assert (response.status_code, response.headers["HX-Trigger"]) == (204, "desk:refresh")
    assert Acknowledgement.objects.get().by == AcknowledgedBy.BOARD
    html = client.get("/", headers=HTMX).content.decode()
    assert "Acknowledged by" in html
    assert "12:46</time>" in html
    assert url(ticket) not in html


def test_without_scripts_acknowledging_leads_back_to_the_same_list(login, ticket, boss):
    response = login(boss).post(url(ticket), {"query": "promise=breached&page=2"})
    assert (response.status_code, response.headers["Location"]) == (302, "/?promise=breached&page=2")


def test_acknowledging_twice_counts_once(login, ticket, boss):
    client = login(boss)
    for _time in range(2):
        client.post(url(ticket), headers=HTMX)
    assert Acknowledgement.objects.count() == 1


def test_the_row_says_that_the_ticket_was_answered_meanwhile(login, ann):
    ticket = opened(priority=3, contact=ContactFactory(customer=CustomerFactory(account_manager=ann)))
    answered(ticket, 20)
    response = login(ann).post(url(ticket), follow=True)
    assert "has been answered" in response.content.decode()


def test_a_colleague_of_another_team_gains_nothing_by_guessing_the_number(login, ticket):
    assert login(staff("eve", groups=GROUP)).post(url(ticket)).status_code == 404
    assert not Acknowledgement.objects.exists()


def test_a_read_only_user_has_no_acknowledge_button_and_is_refused(login, ticket, ann):
    ann.groups.clear()
    ann.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    client = login(ann)
    assert url(ticket) not in client.get("/").content.decode()
    assert client.post(url(ticket)).status_code == 403
    assert not Acknowledgement.objects.exists()


def test_a_get_changes_nothing(login, ticket, boss):
    assert login(boss).get(url(ticket)).status_code == 405
    assert not Acknowledgement.objects.exists()


def test_a_signed_out_reader_is_asked_to_sign_in(client, ticket):
    assert "/login/" in client.post(url(ticket)).headers["Location"]
    assert not Acknowledgement.objects.exists()


def test_thirty_acknowledged_rows_cost_the_queries_of_three(login, ann, count_queries):
    set_desk(duty_manager=staff("dora", groups=GROUP))
    client = login(ann)

    def add(number: int) -> None:
        for _each in range(number):
            added = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)))
            acknowledge(ticket=added, actor=ann, at=minute(20), by=AcknowledgedBy.BOARD)
            added.clocks.update(held_until=minute(60))
            Acknowledgement.objects.update(until=minute(60))

    add(3)
    client.get("/")
    three = count_queries(lambda: client.get("/"))
    add(27)
    assert count_queries(lambda: client.get("/")) == three
