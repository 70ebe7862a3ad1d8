"""Times and lengths as people read them: in their language and zone, with the city or the offset named."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from customers.times import (
    as_read_by,
    dated,
    dated_span,
    duration_text,
    moment,
    near,
    near_zoned,
    reader_of,
    rough_duration,
    time_left,
    zone_title,
)
from tests.factories import UserFactory, staff

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def read(language, zone, write):
    with translation.override(language), timezone.override(zone):
        return write()


@pytest.mark.parametrize(
    ("language", "zone", "text"),
    [
        ("en", "Asia/Shanghai", "Sunday 29 November 2026, 20:00 (UTC+8, Shanghai)"),
        ("zh-hans", "Asia/Shanghai", "2026年11月29日（周日）20:00（北京时间，UTC+8）"),
        ("en", "America/Los_Angeles", "Sunday 29 November 2026, 04:00 (UTC-8, Los Angeles)"),
        ("zh-hans", "America/Los_Angeles", "2026年11月29日（周日）04:00（洛杉矶时间，UTC-8）"),
        ("en", "Asia/Kathmandu", "Sunday 29 November 2026, 17:45 (UTC+5:45, Kathmandu)"),
        ("zh-hans", "Asia/Kathmandu", "2026年11月29日（周日）17:45（UTC+5:45）"),
        ("en", "UTC", "Sunday 29 November 2026, 12:00 (UTC)"),
    ],
)
def test_a_full_time_names_offset_and_city(language, zone, text):
    assert read(language, zone, lambda: moment(NOON)) == text


@pytest.mark.parametrize(
    ("hours", "english", "chinese"),
    [
        (0, "20:00", "20:00"),
        (3.9, "23:54", "23:54"),
        (4, "tomorrow 00:00", "明天 00:00"),
        (-20.1, "yesterday 23:54", "昨天 23:54"),
        (28, "12-01 00:00", "12-01 00:00"),
        (-24 * 400, "2025-10-25", "2025-10-25"),
    ],
)
def test_a_time_near_now_names_as_much_of_the_day_as_it_needs(hours, english, chinese):
    at = NOON + timedelta(hours=hours)
    assert read("en", "Asia/Shanghai", lambda: near(at, NOON)) == english
    assert read("zh-hans", "Asia/Shanghai", lambda: near(at, NOON)) == chinese


def test_a_time_in_a_mail_names_its_zone():
    assert read("zh-hans", "Asia/Shanghai", lambda: near_zoned(NOON, NOON)) == "20:00（北京时间，UTC+8）"
    assert (
        read("en", "Asia/Shanghai", lambda: dated(NOON, "Europe/Berlin"))
        == "2026-11-29 13:00 (UTC+1, Berlin)"
    )


@pytest.mark.parametrize(
    ("minutes", "english", "chinese"),
    [
        (60, "1 h left", "剩余 1 小时"),
        (1, "1 min left", "剩余 1 分钟"),
        (0, "due now", "现已到期"),
        (-44, "overdue by 44 min", "已超时 44 分钟"),
        (-60 * 80, "overdue by 3 d 8 h", "已超时 3 天 8 小时"),
    ],
)
def test_the_time_left_says_when_it_is_overdue(minutes, english, chinese):
    due = NOON + timedelta(minutes=minutes)
    assert read("en", "UTC", lambda: time_left(due, NOON)) == english
    assert read("zh-hans", "UTC", lambda: time_left(due, NOON)) == chinese


def test_an_exact_duration_is_in_hours_and_only_a_rough_one_in_days():
    assert read("en", "UTC", lambda: duration_text(timedelta(hours=80, minutes=5))) == "80 h 5 min"
    assert read("en", "UTC", lambda: rough_duration(timedelta(hours=80, minutes=5))) == "3 d 8 h"


@pytest.mark.parametrize(
    ("zone", "title"), [("Asia/Shanghai", "北京时间"), ("Asia/Kathmandu", "Asia/Kathmandu")]
)
def test_a_heading_names_the_city(zone, title):
    assert read("zh-hans", "UTC", lambda: zone_title(zone)) == title


def test_language_and_zone_are_the_readers_inside_the_block_and_restored_afterwards():
    before = (translation.get_language(), timezone.get_current_timezone_name())
    with as_read_by("zh-hans", "America/New_York"):
        assert translation.get_language() == "zh-hans"
        assert moment(NOON) == "2026年11月29日（周日）07:00（纽约时间，UTC-5）"
    assert (translation.get_language(), timezone.get_current_timezone_name()) == before


@pytest.mark.django_db
def test_a_reader_without_a_profile_reads_as_the_desk_does(settings):
    assert reader_of(staff(language="zh-hans", time_zone="Europe/Berlin")) == ("zh-hans", "Europe/Berlin")
    assert reader_of(UserFactory()) == (settings.LANGUAGE_CODE, settings.DESK_TIME_ZONE)


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (None, "2026-11-29 05:16 (UTC+8, Shanghai)"),
        (datetime(2026, 11, 28, 22, 0, tzinfo=UTC), "2026-11-29 05:16 – 06:00 (UTC+8, Shanghai)"),
        (datetime(2026, 11, 29, 22, 0, tzinfo=UTC), "2026-11-29 05:16 – 2026-11-30 06:00 (UTC+8, Shanghai)"),
    ],
)
def test_a_span_names_its_zone_once(end, text):
    assert dated_span(datetime(2026, 11, 28, 21, 16, tzinfo=UTC), end, "Asia/Shanghai") == text
