"""The address of a figure reads as it was written, and nothing else is one. Rights: tests of the page; readers too."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from escalation.scorecards.behind import FigureAddress, FigureUnknown, address_title, parse_address
from escalation.scorecards.dimensions import Dimension
from escalation.scorecards.figures import Figure
from escalation.scorecards.heat_map import HourOfWeek

START, END = datetime(2026, 11, 15, 16, tzinfo=UTC), datetime(2026, 11, 22, 16, 0, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("cell", [None, HourOfWeek(6, 23)])
@pytest.mark.parametrize("key", ["", "7", "大中华区 & Co~="])
def test_an_address_reads_as_it_was_written(key, cell):
    address = FigureAddress(Figure.MET, Dimension.TEAM, key, START, END, cell)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    ["", "figure=met", "figure=moon&by=team&key=&start=2026-11-15T16:00:00Z&end=2026-11-22T16:00:00Z",
     "figure=met&by=team&key=&start=2026-11-15T16:00:00&end=2026-11-22T16:00:00",
     "figure=met&by=team&key=&start=2026-11-15T16:00:00Z&end=2026-11-22T16:00:00Z&cell=x.1"],
)  # fmt: skip
def test_anything_else_is_no_address(text):
    with pytest.raises(FigureUnknown):
        parse_address(text)


def test_the_title_names_the_readers_days_the_last_one_included():
    address = FigureAddress(Figure.MET, Dimension.TEAM, "", START, END.replace(microsecond=0))
    assert address_title(address, zone=ZoneInfo("Asia/Shanghai")) == "Met: 2026-11-16 – 2026-11-22"


@pytest.mark.parametrize(
    ("figure", "lists"),
    [
        (Figure.MET, "escalation_clock"),
        (Figure.ESCALATIONS, "escalation_escalation"),
        (Figure.VOIDED, "escalation_clockevent"),
        (Figure.SOLVED, "tickets_ticket"),
    ],
)
def test_each_figure_names_the_list_of_its_rows(figure, lists):
    assert FigureAddress(figure, Dimension.DESK, "", START, END).lists == lists
