"""Proposed priorities on the board and on the ticket page: why, and one click to decide."""

from uuid import uuid4

import pytest

from tests.factories import ContactFactory, CustomerFactory, set_desk, staff
from tests.talk import clock_of, minute, opened
from tickets.choices import Priority, ProposalReach
from tickets.models import Rule, Ticket
from tickets.services.proposals import WantedProposal
from tickets.triage.rule_matching import RuleMatch

pytestmark = pytest.mark.django_db
GROUP = ["Account manager"]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(minute(5), tick=False)
    return time_machine


@pytest.fixture
def ann():
    ann = staff("ann", groups=GROUP, time_zone="UTC")
    set_desk(duty_manager=ann, intake_owner=ann)
    return ann


def proposed(ann, reach: ProposalReach = ProposalReach.PAGES, at: float = 0) -> Ticket:
    contact = ContactFactory(customer=CustomerFactory(account_manager=ann))
    wanted = WantedProposal(RuleMatch(Rule.objects.get(name="Outage"), ("down", "黑屏")), reach)
    return opened(at, priority=Priority.P2, contact=contact, proposal=wanted)


def page(client, ticket: Ticket) -> str:
    return client.get(f"/tickets/ticket/{ticket.pk}/change/").content.decode()


def board_url(ticket: Ticket, decision: str) -> str:
    return f"/board/{ticket.pk}/proposal/{decision}/"


def test_the_page_says_why_and_offers_both_decisions(login, ann):
    html = page(login(ann), proposed(ann))
    assert "P0 proposed by the rule “Outage”" in html
    assert "<mark>down</mark>" in html
    assert "<mark>黑屏</mark>" in html
    assert "Confirm P0" in html
    assert "No, P2" in html


@pytest.mark.parametrize(
    ("reach", "words"),
    [
        (ProposalReach.SHOWN, "the writer is not known"),
        (ProposalReach.RUNS, "an alarm wrote it"),
        (ProposalReach.JOINS, "within the hour"),
    ],
)
def test_the_page_says_who_was_not_paged(login, ann, reach, words):
    assert words in page(login(ann), proposed(ann, reach))


@pytest.mark.parametrize(("act", "priority", "due"), [("confirm", 0, 30), ("reject", 2, 480)])
def test_one_click_on_the_page_decides(login, ann, act, priority, due):
    ticket, client = proposed(ann), login(ann)
    client.post(f"/tickets/ticket/{ticket.pk}/act/{act}/", {"token": uuid4()})
    ticket.refresh_from_db()
    assert (ticket.priority, clock_of(ticket).due_at) == (priority, minute(due))
    assert "Confirm P0" not in page(client, ticket)


@pytest.mark.parametrize(("decision", "priority"), [("confirm", 0), ("reject", 2)])
def test_one_click_on_the_board_decides(login, ann, decision, priority):
    ticket, client = proposed(ann), login(ann)
    assert f'data-proposal="{ticket.pk}"' in client.get("/").content.decode()
    response = client.post(board_url(ticket, decision), headers=HTMX)
    assert (response.status_code, response.headers["HX-Trigger"]) == (204, "desk:refresh")
    ticket.refresh_from_db()
    assert ticket.priority == priority
    assert "data-proposal" not in client.get("/").content.decode()
    assert client.post(board_url(ticket, decision)).status_code == 302


def test_unknown_writers_come_first_then_the_oldest(login, ann):
    young, old = proposed(ann, at=3), proposed(ann, at=1)
    shown = proposed(ann, ProposalReach.SHOWN, at=4)
    html = login(ann).get("/").content.decode()
    places = [html.index(f'data-proposal="{each.pk}"') for each in (shown, old, young)]
    assert places == sorted(places)
    assert max(places) < html.index("data-row=")


def test_nobody_decides_about_a_ticket_that_they_may_not_see_or_change(login, ann):
    ticket = proposed(ann)
    assert login(staff("eve", groups=GROUP)).post(board_url(ticket, "reject")).status_code == 404
    assert login(staff("ops", groups=["Operator"])).post(board_url(ticket, "reject")).status_code == 403
    assert login(ann).post(board_url(ticket, "forget")).status_code == 404
    assert login(ann).get(board_url(ticket, "reject")).status_code == 405
    ticket.refresh_from_db()
    assert ticket.priority == Priority.P0


def test_proposals_cost_the_board_one_query_however_many_there_are_and_none_without(
    login, ann, count_queries
):
    client, ticket = login(ann), proposed(ann)
    client.get("/", headers=HTMX)
    ticket.proposals.update(decided_at=minute(1), is_confirmed=True)
    none = count_queries(lambda: client.get("/", headers=HTMX))
    ticket.proposals.update(decided_at=None, is_confirmed=None)
    one = count_queries(lambda: client.get("/", headers=HTMX))
    assert one == none + 1
    for at in (1, 2, 3):
        proposed(ann, at=at)
    assert count_queries(lambda: client.get("/", headers=HTMX)) == one


def test_a_proposal_costs_the_page_one_query_and_no_other_page_any(login, ann, count_queries):
    client, ticket = login(ann), proposed(ann)
    page(client, ticket)
    waiting = count_queries(lambda: page(client, ticket))
    ticket.proposals.update(decided_at=minute(1), is_confirmed=True)
    assert count_queries(lambda: page(client, ticket)) == waiting - 1
