"""Holidays are named in the reader's language, whatever the library knows."""

import re

import pytest
from django.utils import translation
from holidays.registry import COUNTRIES

from escalation.working_time.holiday_names import holiday_name
from escalation.working_time.public_holidays import estimated_days

YEARS = range(2026, 2028)


def in_chinese(name):
    with translation.override("zh-hans"):
        return holiday_name(name)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("Eid al-Fitr", "开斋节"),
        ("Islamic New Year (observed)", "伊斯兰新年（补假）"),
        ("Chinese New Year; Eid al-Fitr", "农历新年、开斋节"),
        ("Harvest of the Moon", "公众假日"),
    ],
)
def test_a_chinese_reader_gets_a_chinese_name(english, chinese):
    assert in_chinese(english) == chinese


def test_an_english_reader_gets_the_librarys_name():
    with translation.override("en"):
        assert holiday_name("Chinese New Year; Eid al-Fitr") == "Chinese New Year; Eid al-Fitr"


def test_every_holiday_that_the_library_estimates_has_a_chinese_name():
    codes = {entry[1] for entry in COUNTRIES.values()}
    names = {name for code in codes for name in estimated_days(code, "", YEARS).values()}
    assert len(names) > 30
    assert {name for name in names if re.search("[A-Za-z]|公众假日", in_chinese(name))} == set()


@pytest.mark.parametrize("country", ["CN", "HK", "MO", "TW", "RU"])
def test_where_the_library_speaks_chinese_nothing_is_estimated(country):
    assert estimated_days(country, "", range(2026, 2036)) == {}
