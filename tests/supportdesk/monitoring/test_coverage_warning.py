"""Gaps of a rota that a promise 24/7 depends on: a warning of health and of the board."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.models import DutyRota
from supportdesk.monitoring.check_results import Check, CheckResult
from supportdesk.monitoring.health import health
from tests.factories import (
    AdminFactory,
    CalendarFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    HeartbeatFactory,
    PolicyFactory,
    PolicyTargetFactory,
    PolicyVersionFactory,
)
from tickets.choices import Priority

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def a_rota_that_matters(name: str) -> DutyRota:
    rota: DutyRota = DutyRotaFactory(name=name)
    version = PolicyVersionFactory(policy=PolicyFactory(duty_rota=rota))
    PolicyTargetFactory(version=version, priority=Priority.P0, calendar=CalendarFactory())
    return rota


def warnings(now: datetime) -> list[CheckResult]:
    return [finding for finding in health(now=now).warnings if finding.check == Check.COVERAGE]


def test_each_rota_is_one_warning_with_its_first_gap(now: datetime) -> None:
    DutyShiftFactory(rota=a_rota_that_matters("P0 duty"), starts_at=now, ends_at=now + 13 * 24 * HOUR)
    a_rota_that_matters("Another")
    texts = [finding.text for finding in warnings(now)]
    assert len(texts) == 2
    assert "Nobody on P0 duty can be reached from" in texts[1]


def test_several_gaps_of_a_rota_are_counted(now: datetime) -> None:
    rota = a_rota_that_matters("P0 duty")
    for day in (1, 3):
        DutyShiftFactory(rota=rota, starts_at=now + day * 24 * HOUR, ends_at=now + (day + 1) * 24 * HOUR)
    (finding,) = warnings(now)
    assert "nobody on P0 duty can be reached 3 times" in finding.text


def test_a_rota_covered_for_two_weeks_gives_no_warning(now: datetime) -> None:
    DutyShiftFactory(rota=a_rota_that_matters("P0 duty"), starts_at=now, ends_at=now + 14 * 24 * HOUR)
    assert warnings(now) == []


def test_a_coverage_warning_keeps_the_desk_healthy_and_is_shown_on_the_board(
    login: Callable[[User], Client], frozen: object, now: datetime
) -> None:
    HeartbeatFactory(at=now)
    a_rota_that_matters("P0 duty")
    administrator = AdminFactory()
    assert health(now=now).ok
    assert "Nobody on P0 duty can be reached" in login(administrator).get("/").content.decode()
