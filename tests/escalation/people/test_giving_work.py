"""Work reaches only people who can open tickets: whom the desk chooses, and whom people choose by hand."""

import pytest
from django.contrib.auth.models import User

from escalation.admin.duty.forms import OverrideForm
from escalation.duty.overrides_and_swaps import put_on_duty, swap_shifts
from escalation.enforcement.acknowledge import take_over
from escalation.enforcement.sweep import sweep
from escalation.people.staff_snapshot import People
from supportdesk.pages.ticket.forms import OwnerForm
from tests.factories import (
    ContactFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    UserFactory,
    set_desk,
    staff,
)
from tests.talk import minute, opened
from tickets.admin.bulk import AssignForm
from tickets.errors import DeskError
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def nobody():
    return staff("nobody", groups=[])


def test_a_snapshot_knows_only_people_who_can_open_tickets(nobody):
    ann = staff("ann", deputy=nobody)
    people = People.at(minute(0))
    assert (people.user(ann.pk), people.user(nobody.pk)) == (ann, None)
    assert people.staff.stand_in(nobody.pk) is None


def test_an_escalation_passes_over_a_manager_who_cannot_open_tickets(nobody):
    top = staff("top")
    nobody.staff_profile.reports_to = top
    nobody.staff_profile.save()
    set_desk(duty_manager=staff("dora"))
    ann = staff("ann", reports_to=nobody)
    ticket = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)))
    sweep(now=minute(30))
    assert Ticket.objects.get(pk=ticket.pk).owner == top


@pytest.mark.parametrize(
    ("form", "field"), [(AssignForm, "to"), (OwnerForm, "owner"), (OverrideForm, "user")], ids=str
)
def test_forms_offer_and_accept_only_people_who_can_open_tickets(form, field, nobody):
    ann = staff("ann")
    UserFactory(is_active=False)
    filled = form({field: nobody.pk})
    assert set(filled[field].field.queryset) == {ann}
    assert "Select a valid choice" in str(filled.errors[field])
    assert field not in form({field: ann.pk}).errors


def test_nobody_is_put_on_duty_or_swapped_into_it_who_cannot_open_tickets(nobody):
    rota = DutyRotaFactory()
    with pytest.raises(DeskError, match="cannot be on duty"):
        put_on_duty(
            rota=rota,
            user=nobody,
            starts_at=minute(60),
            ends_at=minute(90),
            reason="x",
            actor=None,
            at=minute(0),
        )
    first = DutyShiftFactory(rota=rota, user=staff("ann"), starts_at=minute(60), ends_at=minute(90))
    second = DutyShiftFactory(rota=rota, user=nobody, starts_at=minute(90), ends_at=minute(120))
    with pytest.raises(DeskError, match="cannot be on duty"):
        swap_shifts(first=first, second=second, reason="x", actor=None, at=minute(0))


def test_nobody_takes_a_ticket_over_who_has_lost_their_permissions():
    ann = staff("ann")
    ticket = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)))
    boss = staff("boss", groups=["Team lead"])
    ann.staff_profile.reports_to = boss
    ann.staff_profile.save()
    boss.groups.clear()
    with pytest.raises(DeskError, match="cannot open tickets"):
        take_over(ticket=ticket, actor=User.objects.get(pk=boss.pk), at=minute(1))
