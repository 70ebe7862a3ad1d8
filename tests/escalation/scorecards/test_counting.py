"""Every figure of every line equals what a stranger counts from the sheets of the weekly pack and by plain SQL.

With solved_tickets, dimensions and figures, which it counts by.
"""

import dataclasses
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from escalation.exports.pack import preview_week
from escalation.scorecards.dimensions import Dimension
from escalation.scorecards.figures import Figure
from escalation.scorecards.readers import EVERYTHING
from tests.escalation.exports.recomputing import read
from tests.escalation.exports.test_recomputed_packs import END, WEEK
from tests.escalation.scorecards.playedweek import PlayedWeek, Stranger, lines_by, played_period

pytestmark = pytest.mark.django_db
COUNTED = [
    figure
    for figure in Figure
    if figure not in (Figure.FIRST_RESPONSES, Figure.NEXT_RESPONSES, Figure.ARRIVED, Figure.DUE)
]
KINDS = {"first_response": "first", "next_response": "next"}


@pytest.fixture
def period():
    return played_period(ZoneInfo(settings.DESK_TIME_ZONE))


def of_line(line):
    """What the page shows of a line."""
    return {
        **{figure.value: line.count(figure) for figure in COUNTED},
        "first": (line.count(Figure.FIRST_RESPONSES), line.first_percentiles),
        "next": (line.count(Figure.NEXT_RESPONSES), line.next_percentiles),
        "held_seconds": line.held_seconds,
        "percents": (line.met_percent, line.adjusted_percent, line.used_percent),
        "shares": (line.breach_share, line.adjusted_breach_share),
        "answers": line.answers_each,
    }


def of_stranger(line):
    counts = line.counts
    share = round(line.share, 2), round(line.share - line.waived_share, 2)
    judged = counts["judged"]
    return {
        **{figure.value: counts[figure.value] for figure in COUNTED},
        **{name: (len(line.responses[kind]), line.percentiles(kind)) for kind, name in KINDS.items()},
        "held_seconds": counts["held_seconds"],
        "percents": (
            percent(counts["met"], judged),
            percent(counts["met"], judged - counts["waived"]),
            percent(counts["used_seconds"], counts["allowed_seconds"]),
        ),
        "shares": share,
        "answers": round(counts["answers"] / counts["solved"], 1) if counts["solved"] else None,
    }


def percent(part, whole):
    return round(100 * part / whole, 1) if whole else None


@pytest.mark.parametrize("dimension", Dimension)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_figure_is_what_a_stranger_counts(tmp_path, period, dimension, seed):
    PlayedWeek(seed)
    preview_week(week=WEEK, at=END, folder=tmp_path)
    counted = {key: of_line(line) for key, line in lines_by(dimension, period).items()}
    by_stranger = {key: of_stranger(line) for key, line in Stranger(tmp_path, dimension.value).lines.items()}
    nothing = of_stranger(type(Stranger(tmp_path, "desk").lines[""])())
    assert counted == {key: figures for key, figures in by_stranger.items() if figures != nothing}
    whole = counted.get("") if dimension == Dimension.DESK else None
    if whole is not None:
        assert [name for name, figure in whole.items() if not figure] == []


def test_the_lines_of_a_week_are_those_of_its_pack(tmp_path, period):
    world = PlayedWeek(3)
    preview_week(week=WEEK, at=END, folder=tmp_path)
    lines = {dimension.value: lines_by(dimension, period) for dimension in Dimension}
    keys = {person.username: str(person.pk) for person in world.people} | {
        customer.code: str(customer.pk) for customer in world.customers
    }
    seen = 0
    for row in read(tmp_path, "scorecard.csv"):
        key = row["key"][1:] if row["group"] == "priority" else keys.get(row["key"], row["key"])
        line = lines[row["group"]].get(key)
        if line is None:
            assert {row[name] for name in ("promises", "first_responses", "escalations_received")} == {"0"}
            continue
        seen += 1
        assert [
            line.count(Figure.MET), line.count(Figure.BREACHED), line.count(Figure.WAIVED), line.held_seconds,
            line.count(Figure.NEAR_MISSES), line.count(Figure.ESCALATIONS), line.count(Figure.VOIDED),
        ] == [
            int(row[name])
            for name in ("met", "breached", "breached_waived", "held_seconds", "near_misses",
                         "escalations_received", "voided")
        ]  # fmt: skip
        assert f"{line.breach_share:.2f}" == row["breach_share"]
    assert seen > 15


def test_a_promise_of_a_ticket_that_the_reader_may_not_open_is_only_a_number(period):
    PlayedWeek(1)
    nobodys = dataclasses.replace(EVERYTHING, tickets=frozenset())
    lines = lines_by(Dimension.PERSON, period, reader=nobodys)
    whole = lines_by(Dimension.PERSON, period)
    assert {line.count(Figure.DECIDED) for line in lines.values()} == {0}
    told = {key: line.not_to_be_opened for key, line in lines.items()}
    assert told == {
        key: line.count(Figure.DECIDED) for key, line in whole.items() if line.count(Figure.DECIDED)
    }
