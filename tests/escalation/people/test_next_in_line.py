"""Finding the next person: up the line, past the absent and those who had it, down to the duty manager."""

import pytest

from customers.services.deputies import Colleague, Staff
from escalation.people.next_in_line import RouteReason, one_level_up, to_duty_manager

HOLDER, BOSS, TOP, DEPUTY, DUTY = 1, 2, 3, 4, 5
LINE = {HOLDER: Colleague(reports_to=BOSS), BOSS: Colleague(reports_to=TOP, deputy=DEPUTY), TOP: Colleague()}


def people(*, absent=(), gone=(), links=None) -> Staff:
    everybody = {HOLDER, BOSS, TOP, DEPUTY, DUTY}
    return Staff({**LINE, **(links or {})}, frozenset(everybody - set(gone)), frozenset(absent))


def next_up(staff: Staff, *, held=(), duty_manager=DUTY, holder=HOLDER):
    route = one_level_up(staff, holder=holder, held=held, duty_manager=duty_manager)
    return route.target, [(stop.user, stop.why) for stop in route.stops]


def test_the_holders_manager_gets_it():
    assert next_up(people()) == (BOSS, [(BOSS, RouteReason.MANAGER)])


@pytest.mark.parametrize("lacking", ["absent", "gone"])
def test_a_deputy_stands_in_for_a_manager_who_is_away_or_left(lacking):
    assert next_up(people(**{lacking: [BOSS]})) == (DEPUTY, [(DEPUTY, RouteReason.DEPUTY)])


def test_a_manager_without_a_deputy_is_passed_over_for_theirs():
    staff = people(absent=[BOSS, DEPUTY])
    assert next_up(staff) == (TOP, [(BOSS, RouteReason.UNREACHABLE), (TOP, RouteReason.MANAGER)])


def test_a_manager_who_left_without_a_deputy_is_passed_over_for_theirs():
    staff = people(gone=[BOSS], links={BOSS: Colleague(reports_to=TOP)})
    assert next_up(staff)[0] == TOP


def test_a_former_holder_of_the_promise_is_skipped():
    assert next_up(people(), held=[BOSS]) == (
        TOP,
        [(BOSS, RouteReason.HELD_BEFORE), (TOP, RouteReason.MANAGER)],
    )


def test_a_deputy_who_is_the_holder_is_passed_over():
    staff = people(absent=[BOSS], links={BOSS: Colleague(reports_to=TOP, deputy=HOLDER)})
    assert next_up(staff)[0] == TOP


def test_above_the_last_manager_is_the_duty_manager():
    assert next_up(people(), holder=TOP) == (DUTY, [(DUTY, RouteReason.DUTY_MANAGER)])


def test_the_duty_manager_gets_it_even_if_they_held_it_before():
    assert next_up(people(), holder=TOP, held=[DUTY])[0] == DUTY


def test_managers_in_a_circle_end_at_the_duty_manager():
    staff = people(links={HOLDER: Colleague(reports_to=BOSS), BOSS: Colleague(reports_to=HOLDER)})
    assert next_up(staff, held=[BOSS])[0] == DUTY


def test_deputies_in_a_circle_all_away_end_at_the_duty_manager():
    circle = {
        HOLDER: Colleague(reports_to=BOSS, deputy=BOSS),
        BOSS: Colleague(deputy=DEPUTY),
        DEPUTY: Colleague(deputy=HOLDER),
    }
    staff = people(absent=[HOLDER, BOSS, DEPUTY], links=circle)
    assert next_up(staff) == (DUTY, [(BOSS, RouteReason.UNREACHABLE), (DUTY, RouteReason.DUTY_MANAGER)])


def test_the_duty_managers_deputy_stands_in():
    route = to_duty_manager(people(absent=[DUTY], links={DUTY: Colleague(deputy=TOP)}), DUTY)
    assert (route.target, route.stops[0].why) == (TOP, RouteReason.DEPUTY)


def test_if_truly_nobody_is_left_the_route_says_whom_it_tried():
    staff = people(absent=[BOSS, TOP, DEPUTY, DUTY])
    assert next_up(staff) == (
        None,
        [(BOSS, RouteReason.UNREACHABLE), (TOP, RouteReason.UNREACHABLE), (DUTY, RouteReason.UNREACHABLE)],
    )


def test_a_desk_without_a_duty_manager_ends_with_nobody():
    assert next_up(people(), holder=TOP, duty_manager=None) == (None, [])


def test_a_route_is_kept_as_plain_values():
    route = one_level_up(people(), holder=HOLDER, held=[BOSS], duty_manager=None)
    assert route.as_json() == [{"user": BOSS, "why": "held_before"}, {"user": TOP, "why": "manager"}]
