"""TicketFilter: each word narrows as it says, and nobody filters their way to what they may not see."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict

from customers.choices import Scenario
from escalation.choices import ClockState
from supportdesk.pages.ticket_filter import TicketFilter
from tests.factories import (
    AdminFactory,
    ClockFactory,
    ContactFactory,
    CustomerFactory,
    MessageFactory,
    TicketFactory,
    findable,
    set_desk,
    staff,
)
from tickets.access import visible_tickets
from tickets.choices import Priority, Status
from tickets.models import Ticket
from tickets.services.tags import add_tags

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> User:
    return AdminFactory()


def filtered(query: str, user: User, now: datetime) -> set[Ticket]:
    return set(chosen(query, user, now).qs)


def chosen(query: str, user: User, now: datetime) -> TicketFilter:
    return TicketFilter(QueryDict(query), visible_tickets(user), user=user, now=now)


def test_an_empty_search_lists_every_visible_ticket(reader: User, now: datetime) -> None:
    ticket = TicketFactory()
    assert filtered("", reader, now) == {ticket}


@pytest.mark.parametrize("query", ["priority=0&priority=1", "status=waiting&status=resolved", "owner=me"])
def test_a_search_keeps_matching_tickets_and_drops_the_rest(reader: User, now: datetime, query: str) -> None:
    wanted = TicketFactory(priority=Priority.P1, status=Status.WAITING, owner=reader)
    TicketFactory(priority=Priority.P2, status=Status.OPEN)
    assert filtered(query, reader, now) == {wanted}


def test_the_filter_narrows_by_customer_and_scenario(reader: User, now: datetime) -> None:
    customer = CustomerFactory(scenario=Scenario.GAME_VOICE)
    wanted = TicketFactory(customer=customer)
    TicketFactory(customer=CustomerFactory(scenario=Scenario.SHOW_ROOM))
    assert filtered(f"customer={customer.pk}", reader, now) == {wanted}
    assert filtered("scenario=game_voice", reader, now) == {wanted}


def test_the_team_filter_covers_ones_own_tickets_and_those_of_the_people_below(now: datetime) -> None:
    lead = staff()
    own_ticket, report = TicketFactory(owner=lead), TicketFactory(owner=staff(reports_to=lead))
    looked_after = TicketFactory(customer=CustomerFactory(account_manager=lead))
    assert filtered("owner=team", lead, now) == {own_ticket, report}
    assert filtered("", lead, now) == {own_ticket, report, looked_after}


def test_a_lead_can_pick_a_report_but_no_stranger(now: datetime) -> None:
    lead = staff()
    report, stranger = staff(reports_to=lead), staff()
    wanted = TicketFactory(owner=report)
    TicketFactory(owner=lead)
    assert filtered(f"owner={report.pk}", lead, now) == {wanted}
    assert "owner" in chosen(f"owner={stranger.pk}", lead, now).errors


def test_the_unassigned_filter_covers_what_the_intake_owner_holds(reader: User, now: datetime) -> None:
    wanted = TicketFactory()
    set_desk(intake_owner=wanted.owner)
    TicketFactory()
    assert filtered("owner=intake", reader, now) == {wanted}


def test_a_hidden_customer_cannot_be_chosen_in_the_filter(now: datetime) -> None:
    hidden = CustomerFactory()
    assert "customer" in chosen(f"customer={hidden.pk}", staff(), now).errors


@pytest.mark.parametrize(
    ("due", "promises"),
    [
        (timedelta(0), {"breached", "open"}),
        (timedelta(seconds=1), {"soon", "running", "open"}),
        (timedelta(hours=1), {"soon", "running", "open"}),
        (timedelta(hours=1, seconds=1), {"running", "open"}),
    ],
)
def test_the_filter_by_promise_is_exact_at_its_boundaries(
    reader: User, now: datetime, due: timedelta, promises: set[str]
) -> None:
    started = now - timedelta(hours=4)
    ClockFactory(started_at=started, due_at=now + due)
    kinds = ("breached", "soon", "running", "open", "none")
    assert {kind for kind in kinds if filtered(f"promise={kind}", reader, now)} == promises


def test_an_answered_ticket_has_no_open_promise(reader: User, now: datetime) -> None:
    clock = ClockFactory(stopped_at=now, state=ClockState.MET)
    assert filtered("promise=none", reader, now) == {clock.ticket}
    assert filtered("promise=open", reader, now) == set()


def test_days_of_receipt_are_counted_in_the_readers_zone(reader: User, now: datetime) -> None:
    # 18:15 UTC is midnight of the next day in the tests' zone, +05:45
    before = TicketFactory(opened_at=now.replace(hour=18, minute=14))
    after = TicketFactory(opened_at=now.replace(hour=18, minute=15))
    assert filtered("opened_before=2026-11-18", reader, now) == {before}
    assert filtered("opened_after=2026-11-19", reader, now) == {after}


@pytest.mark.parametrize("text", ["直播间", "BLACK", "streamer", "Aurora", "Li Wei", "li@aurora.example"])
def test_text_is_found_wherever_people_remember_it(reader: User, now: datetime, text: str) -> None:
    contact = ContactFactory(
        name="Li Wei", email="li@aurora.example", customer=CustomerFactory(name="Aurora Live")
    )
    wanted = TicketFactory(subject="直播间 black", customer=contact.customer, contact=contact)
    MessageFactory(ticket=wanted, body="The streamer sees nothing.")
    other = MessageFactory(ticket=TicketFactory(subject="Another matter"), body="An invoice, please.")
    findable(wanted, other.ticket)
    assert filtered(f"q={text}", reader, now) == {wanted}


@pytest.mark.parametrize("form", ["%s", "SD%%23%s", "sd%s", "%%23%s"])
def test_a_number_is_found_in_any_spelling(reader: User, now: datetime, form: str) -> None:
    wanted = TicketFactory()
    TicketFactory()
    assert wanted in filtered("q=" + form % wanted.pk, reader, now)


def test_a_filter_value_that_is_not_understood_is_reported(reader: User, now: datetime) -> None:
    assert set(chosen("promise=yes&priority=9", reader, now).errors) == {"promise", "priority"}


def test_the_filter_finds_a_tag_in_any_spelling(reader: User, now: datetime) -> None:
    wanted = TicketFactory()
    TicketFactory()
    add_tags(wanted, ["推流"], at=now)
    assert filtered("tag=%23推流", reader, now) == {wanted}
    assert filtered("tag=黑屏", reader, now) == set()
