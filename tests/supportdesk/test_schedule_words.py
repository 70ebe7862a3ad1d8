"""Every task of the timetable says what it does and how often."""

import pytest
from django.utils import translation

from supportdesk.schedule_words import ABOUT, how_often, title_of
from supportdesk.schedules import TIMETABLE, Entry


def test_every_task_of_the_timetable_is_described() -> None:
    assert {entry.name for entry in TIMETABLE} == ABOUT.keys()
    assert len({str(about.title) for about in ABOUT.values()}) == len(ABOUT)
    assert all(str(about.does).endswith(".") for about in ABOUT.values())


def test_a_foreign_row_goes_by_its_own_name() -> None:
    assert title_of("weekly report") == "weekly report"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Entry("x", "x", minutes=1), "each minute"),
        (Entry("x", "x", minutes=60), "every 60 minutes"),
        (Entry("x", "x", cron="30 3 * * *"), "each day at 03:30 (Asia/Kathmandu)"),
        (Entry("x", "x", cron="0 8 * * 1"), "each Monday at 08:00 (Asia/Kathmandu)"),
        (Entry("x", "x", cron="0 8 * * 0"), "each Sunday at 08:00 (Asia/Kathmandu)"),
    ],
)
def test_how_often_is_said_in_words(entry: Entry, words: str) -> None:
    assert how_often(entry) == words


@pytest.mark.parametrize("entry", TIMETABLE)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_how_often_is_said_of_every_task(entry: Entry, language: str) -> None:
    with translation.override(language):
        assert not set("*%(") & set(how_often(entry).removesuffix(")").replace(" (Asia", ""))
