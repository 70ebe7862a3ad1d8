"""Tickets from before the search are taken in by batches, the newest first, from where the last run stopped."""

import pytest

from customers.models import ContactTokens
from tests.factories import ContactFactory, MessageFactory
from tickets.models import MessageTokens, SearchBacklog, Ticket
from tickets.search import backlog
from tickets.search.backlog import index_backlog, is_complete
from tickets.search.finding import find_tickets

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(monkeypatch):
    """Five tickets and contacts that the search knows nothing of."""
    monkeypatch.setattr(backlog, "BATCH", 2)
    messages = [
        MessageFactory(body="echo", ticket__contact=ContactFactory(name=f"Person {number}"))
        for number in range(5)
    ]
    ContactTokens.objects.all().delete()
    SearchBacklog.objects.bulk_create(SearchBacklog(source=name) for name in ("tickets", "contacts"))
    return [message.ticket_id for message in messages]


def so_often(times):
    left = iter(range(times))
    return lambda: next(left, None) is not None


def test_a_run_goes_on_where_the_last_one_stopped(old):
    assert index_backlog(may_go_on=so_often(1)) == 2
    assert set(MessageTokens.objects.values_list("ticket", flat=True)) == set(old[-2:])
    assert not is_complete()
    assert index_backlog(may_go_on=so_often(1)) == 2
    assert index_backlog(may_go_on=so_often(100)) == 1 + 5
    assert is_complete()
    assert set(find_tickets(Ticket.objects.all(), "echo").keys) == set(old)
    assert find_tickets(Ticket.objects.all(), "Person 3").keys == [old[3]]


def test_two_runs_at_once_leave_nothing_out(old):
    mine, theirs = so_often(2), so_often(100)
    index_backlog(may_go_on=lambda: mine() and index_backlog(may_go_on=theirs) >= 0)
    assert index_backlog(may_go_on=so_often(100)) >= 0
    assert is_complete()
    assert set(find_tickets(Ticket.objects.all(), "echo").keys) == set(old)


def test_a_desk_without_a_backlog_has_nothing_to_do():
    assert is_complete()
    assert index_backlog(may_go_on=so_often(1)) == 0
