"""Two people who write overlapping contracts at once: one is written, the other is told why not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from django.db import connection

from customers.errors import DeskError
from customers.models import Contract
from customers.services.contracts import save_contract
from tests.factories import CustomerFactory, ServicePlanFactory

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def test_of_overlapping_contracts_written_at_once_one_is_kept():
    customer, plan = CustomerFactory(), ServicePlanFactory()
    start = Barrier(4)

    def write(month):
        start.wait(timeout=30)
        try:
            save_contract(customer=customer, plan=plan, starts_on=date(2026, month, 1))
            return "written"
        except DeskError:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(write, range(1, 5)))
    assert outcomes == ["refused", "refused", "refused", "written"]
    assert Contract.objects.count() == 1
