import pytest

from escalation.lib.among_keys import AmongKeys
from tests.factories import TicketFactory
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def test_only_the_rows_of_the_keys_are_found():
    first, _second, third = TicketFactory(), TicketFactory(), TicketFactory()
    found = Ticket.objects.filter(AmongKeys("pk", [third.pk, first.pk, 10**12])).order_by("pk")
    assert list(found) == [first, third]
    assert not Ticket.objects.filter(AmongKeys("pk", [])).exists()


def test_a_foreign_key_is_compared_and_may_be_negated():
    ticket, other = TicketFactory(), TicketFactory()
    assert list(Ticket.objects.exclude(AmongKeys("owner_id", [ticket.owner_id]))) == [other]


def test_however_many_keys_are_one_parameter():
    _sql, params = Ticket.objects.filter(AmongKeys("pk", range(2000))).query.sql_with_params()
    assert len(params) == 1
