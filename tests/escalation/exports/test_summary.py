"""The summary of a frozen week: what it reads from the sheets, beside the week before."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.files.storage import default_storage

from customers.models import Customer
from escalation.choices import ClockChange, ClockState
from escalation.exports.pack import export_week
from escalation.exports.summary import NOTHING, previous_pack, summary_of
from escalation.lib.weeks import Week
from tests.factories import (
    ClockEventFactory,
    ClockFactory,
    CustomerFactory,
    OutboundMessageFactory,
    TeamFactory,
    TicketFactory,
    staff,
)
from tickets.choices import Priority

pytestmark = pytest.mark.django_db
WEEK, BEFORE = Week(2026, 47), Week(2026, 46)
START, END = WEEK.bounds(ZoneInfo(settings.DESK_TIME_ZONE))
MINUTE = timedelta(minutes=1)


@pytest.fixture
def lin():
    lin = staff("lin", team=TeamFactory(name="North"))
    lin.first_name, lin.last_name = "悦", "林"
    lin.save()
    return lin


@pytest.fixture(autouse=True)
def customer():
    return CustomerFactory(code="star", name="星光直播")


def promise(owner, *, start, minutes, state=ClockState.MET, window=30):
    """Answered after so many minutes."""
    ticket = TicketFactory(
        customer=Customer.objects.get(code="star"), owner=owner, priority=Priority.P0, opened_at=start
    )
    at = start + minutes * MINUTE
    clock = ClockFactory(
        ticket=ticket, state=state, minutes=window, stopped_at=at,
        answered_by=OutboundMessageFactory(ticket=ticket, at=at, author=owner),
    )  # fmt: skip
    ClockEventFactory(clock=clock)
    return clock


def frozen(week=WEEK, **changes):
    end = week.bounds(ZoneInfo(settings.DESK_TIME_ZONE))[1]
    return export_week(week=week, at=end, actor=None, **changes)


def figures_of(summary):
    return {figure.name: figure for figure in summary.figures}


def test_figures_stand_beside_those_of_the_week_before(lin):
    promise(lin, start=START - timedelta(days=3), minutes=10)
    frozen(BEFORE)
    promise(lin, start=START, minutes=14)
    promise(lin, start=START, minutes=60, state=ClockState.BREACHED)
    figures = figures_of(summary_of(frozen()))
    met = figures["SLA met"]
    assert (met.now, met.before, met.change, met.trend) == ("50%", "100%", "−50 points", "worse")
    breached = figures["Breached"]
    assert (breached.now, breached.before, breached.change, breached.trend) == ("1", "0", "+1", "worse")
    first = figures["First response, median"]
    assert (first.now, first.before, first.change, first.trend) == ("14 min", "10 min", "+4 min", "worse")
    assert (figures["Met"].change, figures["Met"].trend) == ("±0", "")
    assert figures["Next response, median"].now == NOTHING


def test_without_the_week_before_nothing_is_compared(lin):
    promise(lin, start=START, minutes=10)
    summary = summary_of(frozen())
    assert summary.previous is None
    assert {(figure.before, figure.change) for figure in summary.figures} == {(NOTHING, "")}


def test_the_week_before_is_compared_in_its_latest_revision(lin):
    promise(lin, start=START - timedelta(days=3), minutes=10)
    frozen(BEFORE)
    promise(lin, start=START - timedelta(days=3), minutes=60, state=ClockState.BREACHED)
    corrected = frozen(BEFORE, correct="A call was logged late.")
    assert previous_pack(frozen()) == corrected


def test_holders_share_breaches_and_are_named_as_people_write_them(lin):
    bob = staff("bob")
    clock = promise(lin, start=START, minutes=60, state=ClockState.BREACHED)
    ClockEventFactory(clock=clock, change=ClockChange.HANDED_OVER, at=START + 20 * MINUTE, holder=bob)
    summary = summary_of(frozen())
    assert [(line.name, line.team, line.share, line.breached) for line in summary.holders] == [
        ("林悦", "North", "0.67", "1"),
        (bob.first_name, "", "0.33", "1"),
    ]
    (worst,) = summary.worst
    assert (worst.promise, worst.margin, worst.held) == (
        clock.pk, "30 min", f"林悦 20 min, {bob.first_name} 10 min",
    )  # fmt: skip
    assert [line.name for line in summary.customers] == ["星光直播"]


def test_near_misses_say_what_was_left(lin):
    promise(lin, start=START, minutes=29)
    (line,) = summary_of(frozen()).near_misses
    assert (line.margin, line.priority, line.kind) == ("1 min", "P0", "First response")


def test_a_pack_of_an_older_format_is_summed_up_as_far_as_it_goes(lin):
    promise(lin, start=START, minutes=29)
    export = frozen()
    export.files.filter(name__in=["highlights.csv", "people.csv"]).delete()
    summary = summary_of(export)
    assert (summary.has_highlights, summary.worst, summary.near_misses) == (False, (), ())
    assert figures_of(summary)["SLA met"].now == "100%"


def test_a_lost_sheet_is_an_error_with_its_path(lin):
    export = frozen()
    default_storage.delete(export.files.get(name="scorecard.csv").path)
    with pytest.raises(FileNotFoundError):
        summary_of(export)
