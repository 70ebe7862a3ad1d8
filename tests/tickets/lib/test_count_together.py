"""Several counts in one statement are those of as many queries."""

import pytest

from tests.factories import TicketFactory
from tickets.choices import Status
from tickets.lib.count_together import count_together
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def test_each_query_is_counted_under_its_name_in_one_statement(django_assert_num_queries):
    for _each in range(3):
        TicketFactory(status=Status.OPEN)
    TicketFactory(status=Status.CLOSED)
    queries = {
        "open": Ticket.objects.filter(status=Status.OPEN).order_by("-opened_at"),
        "odd": Ticket.objects.filter(subject="%s 'x'"),
        "nothing": Ticket.objects.none(),
        "all": Ticket.objects.select_related("customer"),
    }
    with django_assert_num_queries(1):
        counts = count_together(queries, most=100)
    assert counts == {"open": 3, "odd": 0, "nothing": 0, "all": 4}


def test_counting_ends_at_the_most():
    for _each in range(3):
        TicketFactory()
    assert count_together({"all": Ticket.objects.all()}, most=2) == {"all": 2}


def test_nothing_to_count_costs_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert count_together({"none": Ticket.objects.none()}, most=2) == {"none": 0}
