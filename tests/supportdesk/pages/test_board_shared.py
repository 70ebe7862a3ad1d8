"""The part of the board that all readers share is read once in some seconds, trouble more often."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from supportdesk.pages.board.shared import FRESH, FRESH_TROUBLE, shared_part
from tests.factories import NOW, AdminFactory, ContactWayFactory, HeartbeatFactory

pytestmark = pytest.mark.django_db
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def well():
    HeartbeatFactory(at=NOW)
    ContactWayFactory(user=AdminFactory())
    found = shared_part(now=NOW).health
    assert (found.problems, found.warnings) == ((), ())


@pytest.mark.parametrize(("after", "queries"), [(FRESH - MOMENT, False), (FRESH, True), (-MOMENT, True)])
def test_a_well_desk_is_looked_at_again_after_half_a_minute(well, count_queries, after, queries):
    assert bool(count_queries(lambda: shared_part(now=NOW + after))) == queries


@pytest.mark.parametrize(("after", "queries"), [(FRESH_TROUBLE - MOMENT, False), (FRESH_TROUBLE, True)])
def test_trouble_is_looked_at_again_sooner(count_queries, after, queries):
    AdminFactory(email="")
    assert shared_part(now=NOW).health.warnings
    assert bool(count_queries(lambda: shared_part(now=NOW + after))) == queries


def test_each_language_has_its_own_words():
    AdminFactory(email="")
    with translation.override("en"):
        english = shared_part(now=NOW).health
    with translation.override("zh-hans"):
        assert shared_part(now=NOW).health != english


def test_each_zone_has_its_own_times():
    with timezone.override("Asia/Shanghai"):
        there = shared_part(now=NOW)
        assert shared_part(now=NOW) is there
    with timezone.override("Europe/Berlin"):
        assert shared_part(now=NOW) is not there
