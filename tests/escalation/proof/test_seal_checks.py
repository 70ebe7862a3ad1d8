from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.proof.seal_checks import as_recorded, check_seals
from escalation.proof.sealing import seal_ledger
from tests.factories import NOW, AdminFactory, StaffProfileFactory
from tests.talk import answered, asked, minute, opened


@pytest.mark.parametrize("bound", [0, 250_000, 250_001, 300_000])
@pytest.mark.parametrize("recorded", [0, 249_999, 250_000, 250_001, 300_000])
def test_times_sort_as_text_as_both_databases_write_them(recorded, bound):
    """SQLite keeps six digits of a fraction or none, PostgreSQL leaves out zeros and names the zone."""
    whole = NOW.replace(microsecond=0)
    time = whole + timedelta(microseconds=recorded)
    on_sqlite = f"{time:%Y-%m-%d %H:%M:%S}" + (f".{recorded:06}" if recorded else "")
    on_postgresql = (on_sqlite.rstrip("0") if recorded else on_sqlite) + "+00"
    text = as_recorded(whole + timedelta(microseconds=bound))
    assert (on_sqlite < text) == (on_postgresql < text) == (recorded < bound)


@pytest.mark.django_db
def test_four_seals_cost_the_queries_of_one():
    StaffProfileFactory(user=AdminFactory())
    ticket = opened()
    seal_ledger(at=minute(60))
    with CaptureQueriesContext(connection) as of_one:
        assert list(check_seals()) == []
    answered(ticket, 65)
    for hour in range(2, 5):
        asked(ticket, 60 * hour - 20)
        answered(ticket, 60 * hour - 10)
        assert seal_ledger(at=minute(60 * hour))
    with CaptureQueriesContext(connection) as of_four:
        assert list(check_seals()) == []
    assert len(of_four) == len(of_one)
