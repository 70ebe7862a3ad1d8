"""The directors of a new desk are subscribers of the weekly pack."""

import pytest

from escalation.exports.pack import export_week
from escalation.lib.weeks import Week
from escalation.models import ExportSubscriber
from tests.factories import NOW, AdminFactory, staff
from tickets.models import OutboundEmail

pytestmark = pytest.mark.django_db


def first_pack(number: int = 46) -> None:
    export_week(week=Week(2026, number), at=NOW, actor=None)


def subscribed() -> list[tuple[str, str]]:
    return list(ExportSubscriber.objects.values_list("email", "language"))


def director(**profile):
    return staff("director", groups=["Support director"], **profile)


def test_directors_get_the_first_pack_of_a_new_desk_in_their_language():
    boss = director()
    boss.staff_profile.language = "zh-hans"
    boss.staff_profile.save(update_fields=["language"])
    staff("lead", groups=["Team lead"])
    AdminFactory()
    first_pack()
    assert subscribed() == [(boss.email, "zh-hans")]
    assert OutboundEmail.objects.get().recipients == [boss.email]


def test_a_desk_that_has_subscribers_keeps_its_list():
    director()
    ExportSubscriber.objects.create(email="week@company.example", is_active=False)
    first_pack()
    assert subscribed() == [("week@company.example", "en")]


def test_a_desk_that_has_packs_is_not_new():
    first_pack()
    director()
    first_pack(45)
    assert subscribed() == []


def test_who_has_left_or_has_no_address_is_not_subscribed():
    gone, silent = director(), staff("silent", groups=["Support director"])
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    silent.email = ""
    silent.save(update_fields=["email"])
    first_pack()
    assert subscribed() == []
