"""A P0 pages the person on duty or their deputy, and tells the account manager."""

from datetime import timedelta

import pytest

from escalation.choices import NoticeKind
from escalation.models import Notification, Policy
from tests.factories import (
    NOW,
    AbsenceFactory,
    ContactFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    set_desk,
    staff,
)
from tests.talk import clock_of, dispatched, opened
from tickets.choices import Fact, OwnerRule
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def rota():
    rota = DutyRotaFactory()
    Policy.objects.filter(is_default=True).update(duty_rota=rota)
    return rota


@pytest.fixture
def contact():
    set_desk(duty_manager=staff("manager"))
    return ContactFactory(customer=CustomerFactory(account_manager=staff("ann")))


def paged() -> list[str]:
    rows = Notification.objects.filter(kind=NoticeKind.PAGED).order_by("pk")
    return list(rows.values_list("recipient__username", flat=True))


def test_the_person_on_duty_owns_it_and_the_account_manager_is_told(rota, contact):
    engineer = DutyShiftFactory(rota=rota, user=staff("engineer")).user
    ticket = opened(contact=contact)
    assert Ticket.objects.get().owner == engineer
    assert paged() == ["engineer", "ann"]
    assert ticket.timeline.get(fact=Fact.OWNER).data["rule"] == OwnerRule.ON_DUTY.value
    assert clock_of(ticket).events.last().holder == engineer


def test_the_page_names_the_ticket_its_due_time_and_who_is_on_it(rota, contact):
    DutyShiftFactory(rota=rota, user=staff("engineer"))
    ticket = opened(contact=contact)
    dispatched(0)
    text = Notification.objects.get(kind=NoticeKind.PAGED, recipient__username="ann").mail.text
    assert ticket.number in text
    assert ticket.owner.first_name in text
    assert "20:30 (UTC+8, Shanghai)" in text


def test_the_page_tells_the_person_on_duty_that_it_is_theirs(rota, contact):
    DutyShiftFactory(rota=rota, user=staff("engineer"))
    ticket = opened(contact=contact)
    dispatched(0)
    text = Notification.objects.get(kind=NoticeKind.PAGED, recipient__username="engineer").mail.text
    assert f"{ticket.number} is a P0. Drop everything else. It is yours." in text


def test_the_deputy_of_a_person_on_duty_who_is_away_gets_it(rota, contact):
    away = DutyShiftFactory(rota=rota, user=staff("engineer", deputy=staff("deputy"))).user
    AbsenceFactory(user=away)
    opened(contact=contact)
    assert Ticket.objects.get().owner.username == "deputy"


@pytest.mark.parametrize("gap", ["no rota", "no shift", "away without a deputy"])
def test_with_nobody_on_duty_the_duty_manager_is_paged_too(contact, gap, request):
    if gap != "no rota":
        rota = request.getfixturevalue("rota")
        if gap == "away without a deputy":
            AbsenceFactory(user=DutyShiftFactory(rota=rota, user=staff("engineer")).user)
    opened(contact=contact)
    assert Ticket.objects.get().owner.username == "ann"
    assert paged() == ["ann", "manager"]


def test_a_duty_manager_who_is_away_has_their_deputy_paged(contact):
    chief = staff("chief", deputy=staff("vice"))
    set_desk(duty_manager=chief)
    AbsenceFactory(user=chief)
    opened(contact=contact)
    assert paged() == ["ann", "chief", "vice"]


@pytest.mark.parametrize(("minutes", "name"), [(-1, "early"), (0, "late")])
def test_at_the_hand_over_the_next_person_is_on_duty(rota, contact, minutes, name):
    DutyShiftFactory(rota=rota, user=staff("early"), ends_at=NOW)
    DutyShiftFactory(rota=rota, user=staff("late"), starts_at=NOW, ends_at=NOW + timedelta(hours=8))
    opened(minutes, contact=contact)
    assert Ticket.objects.get().owner.username == name


def test_a_person_on_duty_who_owns_it_already_is_told_once(rota, contact):
    DutyShiftFactory(rota=rota, user=contact.customer.account_manager)
    ticket = opened(contact=contact)
    assert paged() == ["ann"]
    assert not ticket.timeline.filter(fact=Fact.OWNER).exists()


def test_a_person_who_left_is_not_paged(rota, contact):
    gone = DutyShiftFactory(rota=rota, user=staff("gone")).user
    gone.is_active = False
    gone.save()
    opened(contact=contact)
    assert paged() == ["ann", "manager"]
