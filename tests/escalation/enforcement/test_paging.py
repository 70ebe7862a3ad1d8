"""A P0 pages the person on duty or their deputy, and tells the account manager."""

from datetime import timedelta

import pytest

from escalation.choices import NoticeKind
from escalation.clocks.ledger_verification import verify
from escalation.models import Notification, Policy
from tests.factories import (
    NOW,
    AbsenceFactory,
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    PolicyFactory,
    PolicyTargetFactory,
    set_desk,
    staff,
)
from tests.talk import answered, asked, clock_of, dispatched, minute, opened
from tickets.choices import Fact, OwnerRule, Priority, Status
from tickets.models import Ticket
from tickets.services.naming_customers import name_customer
from tickets.services.status_and_priority import change_priority

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


# A customer named later


@pytest.fixture
def unknown(contact):
    """Somebody of the contact's company, which nobody knew."""
    set_desk(intake_owner=staff("intake"), duty_manager=staff("boss"))
    return ContactFactory(customer=None)


def name(unknown, contact, by=None):
    name_customer(contact=unknown, customer=contact.customer, actor=by or staff("lead"), at=minute(3))


@pytest.mark.parametrize("then", [Status.OPEN, Status.WAITING])
def test_a_ticket_that_becomes_a_p0_after_an_answer_pages_too(rota, contact, then):
    """Only the chain of the first answer begins with a page."""
    ann = contact.customer.account_manager
    DutyShiftFactory(rota=rota, user=staff("engineer"))
    ticket = opened(0, priority=Priority.P2, contact=contact)
    answered(ticket, 5, actor=ann, then=then)
    if then == Status.OPEN:
        asked(ticket, 60)
    change_priority(ticket=ticket, priority=Priority.P0, actor=ann, at=minute(61), reason="All rooms")
    ticket.refresh_from_db()
    assert ticket.owner.username == "engineer"
    assert paged() == ["engineer", "ann"]
    assert Notification.objects.filter(clock__isnull=then == Status.WAITING).count() == 2
    assert verify().mismatches == ()


def test_naming_the_customer_of_a_p0_tells_the_account_manager(rota, contact, unknown):
    DutyShiftFactory(rota=rota, user=staff("engineer"))
    ticket = opened(contact=unknown)
    name(unknown, contact)
    assert paged() == ["engineer", "ann"]
    ticket.refresh_from_db()
    assert ticket.owner.username == "engineer"


def test_naming_pages_the_rota_of_the_contract(rota, contact, unknown):
    DutyShiftFactory(rota=rota, user=staff("engineer"))
    night = DutyShiftFactory(user=staff("night"))
    contract = ContractFactory(customer=contact.customer)
    policy = PolicyFactory(plan=contract.plan, duty_rota=night.rota)
    PolicyTargetFactory(version__policy=policy, priority=Priority.P0, minutes=30)
    ticket = opened(contact=unknown)
    name(unknown, contact)
    assert paged() == ["engineer", "night", "ann"]
    ticket.refresh_from_db()
    assert ticket.owner.username == "night"


def test_naming_tells_the_new_owner_of_a_p1(contact, unknown):
    opened(contact=unknown, priority=Priority.P1)
    name(unknown, contact)
    rows = Notification.objects.filter(kind=NoticeKind.NEW_TICKET).order_by("pk")
    assert list(rows.values_list("recipient__username", flat=True)) == ["intake", "ann"]


@pytest.mark.parametrize("priority", [Priority.P0, Priority.P1])
def test_who_names_their_own_customer_is_not_told(contact, unknown, priority):
    opened(contact=unknown, priority=priority)
    before = Notification.objects.count()
    name(unknown, contact, by=contact.customer.account_manager)
    assert Notification.objects.count() == before


@pytest.mark.parametrize("priority", [Priority.P0, Priority.P1, Priority.P2])
def test_naming_tells_nobody_of_what_is_answered(contact, unknown, priority):
    answered(opened(contact=unknown, priority=priority), 1)
    before = Notification.objects.count()
    name(unknown, contact)
    assert Notification.objects.count() == before
