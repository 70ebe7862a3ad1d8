"""The snapshot of the staff: presence to the minute, deputies, managers, and circles that end."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from customers.services.deputies import Colleague, Staff
from tests.factories import AbsenceFactory, UserFactory, staff

ANN, BOB, CY, DEE = 1, 2, 3, 4


def picture(*, absent: tuple[int, ...] = (), gone: tuple[int, ...] = (), **links: Colleague) -> Staff:
    """Four people; `links` by their small names."""
    people = {"ann": ANN, "bob": BOB, "cy": CY, "dee": DEE}
    return Staff(
        {people[name]: link for name, link in links.items()},
        frozenset(people.values()) - set(gone),
        frozenset(absent),
    )


def test_somebody_present_needs_no_stand_in():
    assert picture(ann=Colleague(deputy=BOB)).stand_in(ANN) == ANN


def test_deputies_of_the_absent_are_followed_until_somebody_is_there():
    chain = picture(absent=(ANN, BOB), ann=Colleague(deputy=BOB), bob=Colleague(deputy=CY))
    assert chain.stand_in(ANN) == CY


def test_whoever_left_the_desk_still_has_a_deputy():
    assert picture(gone=(ANN,), ann=Colleague(deputy=BOB)).stand_in(ANN) == BOB


@pytest.mark.parametrize(
    "links",
    [
        {"ann": Colleague(deputy=BOB), "bob": Colleague(deputy=CY), "cy": Colleague(deputy=ANN)},
        {"ann": Colleague(deputy=BOB), "bob": Colleague(deputy=CY), "cy": Colleague(deputy=BOB)},
    ],
    ids=["back to the first", "beside the first"],
)
def test_deputies_in_a_circle_end_with_nobody(links):
    assert picture(absent=(ANN, BOB, CY), **links).stand_in(ANN) is None


def test_managers_are_walked_upwards_past_those_who_left():
    tree = picture(gone=(BOB,), ann=Colleague(reports_to=BOB), bob=Colleague(reports_to=CY))
    assert list(tree.managers(ANN)) == [BOB, CY]


def test_managers_in_a_circle_end():
    circle = picture(
        ann=Colleague(reports_to=BOB), bob=Colleague(reports_to=CY), cy=Colleague(reports_to=BOB)
    )
    assert list(circle.managers(ANN)) == [BOB, CY]


def test_a_user_without_a_profile_has_no_links():
    assert list(picture().managers(ANN)) == []
    assert picture(absent=(ANN,)).stand_in(ANN) is None


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "present"), [(-1, True), (0, False), (59, False), (60, True)])
def test_an_absence_is_half_open(now: datetime, minutes: int, present: bool):
    away = AbsenceFactory(starts_at=now, ends_at=now + timedelta(hours=1)).user
    assert Staff.at(now + timedelta(minutes=minutes)).is_present(away.pk) is present


@pytest.mark.django_db
@pytest.mark.parametrize("lacking", [{"is_active": False}, {"is_staff": False}])
def test_only_the_active_staff_is_present(now: datetime, lacking: dict[str, bool]):
    user = UserFactory(**lacking)
    assert not Staff.at(now).is_present(user.pk)


@pytest.mark.django_db
def test_the_picture_is_loaded_whole_in_two_queries(now: datetime, django_assert_num_queries):
    boss, deputy = staff("boss"), staff("deputy")
    people = [staff(f"person{number}", reports_to=boss, deputy=deputy) for number in range(5)]
    User.objects.filter(pk=people[0].pk).update(is_active=False)
    with django_assert_num_queries(2):
        loaded = Staff.at(now)
    assert loaded.stand_in(people[0].pk) == deputy.pk
    assert list(loaded.managers(people[0].pk)) == [boss.pk]


@pytest.mark.django_db
def test_an_absence_is_shown_by_the_persons_name_and_the_day_in_the_readers_zone():
    away = AbsenceFactory(
        user=UserFactory(first_name="伟", last_name="李"),
        starts_at=datetime(2026, 11, 22, 18, tzinfo=UTC),
        ends_at=datetime(2026, 11, 24, tzinfo=UTC),
    )
    with timezone.override("Asia/Shanghai"):
        assert str(away) == "李伟 2026-11-23"
