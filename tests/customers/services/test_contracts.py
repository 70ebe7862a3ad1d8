"""Contracts of one customer share no day."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from customers.errors import DeskError
from customers.models import Contract
from customers.services.contracts import ServiceDetails, in_force, save_contract
from tests.factories import ContractFactory, CustomerFactory, ServicePlanFactory

pytestmark = pytest.mark.django_db

SPRING = {"starts_on": date(2026, 3, 1), "ends_on": date(2026, 5, 31)}


def write(customer, starts_on, ends_on=None, contract=None):
    return save_contract(
        customer=customer, plan=ServicePlanFactory(), starts_on=starts_on, ends_on=ends_on, contract=contract
    )


@pytest.mark.parametrize(
    ("first", "last", "fits"),
    [
        (date(2026, 1, 1), date(2026, 2, 28), True),
        (date(2026, 1, 1), date(2026, 3, 1), False),
        (date(2026, 4, 1), date(2026, 4, 2), False),
        (date(2026, 1, 1), date(2026, 12, 31), False),
        (date(2026, 5, 31), None, False),
        (date(2026, 6, 1), None, True),
        (date(2026, 1, 1), None, False),
    ],
)
def test_a_second_contract_fits_only_on_days_that_the_first_leaves_free(first, last, fits):
    customer = ContractFactory(**SPRING).customer
    if fits:
        write(customer, first, last)
    else:
        with pytest.raises(DeskError, match="2026-03-01 to 2026-05-31"):
            write(customer, first, last)
    assert Contract.objects.count() == (2 if fits else 1)


def test_a_contract_without_end_leaves_no_room_after_it():
    contract = ContractFactory(starts_on=date(2026, 1, 1))
    with pytest.raises(DeskError, match="End it first"):
        write(contract.customer, date(2030, 1, 1))


def test_contracts_of_other_customers_may_cover_the_same_days():
    contract = ContractFactory(**SPRING)
    other = write(CustomerFactory(), **SPRING)
    assert list(Contract.objects.order_by("pk")) == [contract, other]


def test_a_contract_does_not_overlap_with_itself_when_it_is_moved():
    contract = ContractFactory(**SPRING)
    write(contract.customer, date(2026, 3, 1), date(2026, 6, 30), contract=contract)
    contract.refresh_from_db()
    assert contract.ends_on == date(2026, 6, 30)


def test_moving_a_contract_to_a_customer_who_has_one_is_refused():
    moving, staying = ContractFactory(**SPRING), ContractFactory(**SPRING)
    with pytest.raises(DeskError):
        write(staying.customer, **SPRING, contract=moving)


def test_a_last_day_before_the_first_is_refused_with_a_sentence():
    with pytest.raises(DeskError, match="before the start"):
        write(CustomerFactory(), date(2026, 5, 2), date(2026, 5, 1))


@pytest.mark.parametrize(
    ("day", "covers"),
    [(date(2026, 2, 28), 0), (date(2026, 3, 1), 1), (date(2026, 5, 31), 1), (date(2026, 6, 1), 0)],
)
def test_both_days_of_a_contract_belong_to_it(day, covers):
    ContractFactory(**SPRING)
    assert in_force(Contract.objects.all(), day).count() == covers


DETAILS = ServiceDetails(time_zone="Europe/Berlin", language="en", hotline="+49 30 1", tech_group="Gold room")


def test_details_that_a_contract_leaves_empty_come_from_the_customer():
    customer = CustomerFactory(
        time_zone="Asia/Tokyo", language="zh-hans", hotline="400 1", tech_group="All hands"
    )
    contract = write(customer, **SPRING)
    assert (contract.zone, contract.spoken_language) == ("Asia/Tokyo", "zh-hans")
    assert (contract.hotline_to_call, contract.group_to_use) == ("400 1", "All hands")


def test_a_contract_has_a_zone_a_language_a_hotline_and_a_group_of_its_own():
    contract = save_contract(customer=CustomerFactory(), plan=ServicePlanFactory(), details=DETAILS, **SPRING)
    contract.refresh_from_db()
    assert (contract.zone, contract.spoken_language) == ("Europe/Berlin", "en")
    assert (contract.hotline_to_call, contract.group_to_use) == ("+49 30 1", "Gold room")


def test_a_change_of_days_leaves_the_service_details_as_they_are():
    contract = save_contract(customer=CustomerFactory(), plan=ServicePlanFactory(), details=DETAILS, **SPRING)
    write(contract.customer, date(2026, 4, 1), contract=contract)
    contract.refresh_from_db()
    assert contract.tech_group == "Gold room"


@pytest.mark.postgresql  # elsewhere the service's lock is the guarantee
@pytest.mark.parametrize(
    ("first", "last"),
    [(date(2026, 5, 31), None), (date(2026, 1, 1), date(2026, 3, 1)), (date(2026, 4, 1), None)],
)
def test_the_database_refuses_an_overlap_that_bypasses_the_service(first, last):
    customer = ContractFactory(**SPRING).customer
    with pytest.raises(IntegrityError, match="contracts_share_no_day"), transaction.atomic():
        ContractFactory(customer=customer, starts_on=first, ends_on=last)
    ContractFactory(customer=customer, starts_on=date(2026, 6, 1), ends_on=None)
    ContractFactory(starts_on=first, ends_on=last)
