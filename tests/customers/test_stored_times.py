"""Times in stored texts name day and zone, and are restated for any reader's language and zone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from customers.stored_times import restated_moment, short_stamp, stamp, stored_length
from customers.times import moment, rough_duration

AT = datetime(2026, 11, 28, 21, 16, tzinfo=UTC)
READERS = [
    ("en", "Asia/Shanghai"),
    ("zh-hans", "Asia/Shanghai"),
    ("en", "America/New_York"),
    ("zh-hans", "America/St_Johns"),
    ("zh-hans", "UTC"),
    ("en", "Asia/Kathmandu"),
]


def read(language, zone, write):
    with translation.override(language), timezone.override(zone):
        return write()


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Asia/Shanghai", "2026-11-29 05:16 UTC+8"),
        ("America/St_Johns", "2026-11-28 17:46 UTC-3:30"),
        ("UTC", "2026-11-28 21:16 UTC"),
    ],
)
def test_a_stored_time_names_day_and_offset(zone, text):
    assert read("en", zone, lambda: stamp(AT)) == text


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("writer", READERS)
def test_a_time_written_in_any_language_and_zone_is_restated_for_any_reader(writer, reader):
    written = read(*writer, lambda: moment(AT))
    assert read(*reader, lambda: restated_moment(f"{written}, 1 h left")) == (
        read(*reader, lambda: moment(AT)),
        ", 1 h left",
    )


@pytest.mark.parametrize("writer", READERS)
def test_a_stored_time_is_read_in_the_readers_zone(writer):
    written = read(*writer, lambda: stamp(AT))
    assert read("en", "Asia/Shanghai", lambda: short_stamp(written)) == "11-29 05:16"


@pytest.mark.parametrize("text", ["soon", "11-29 05:16", ""])
def test_a_text_that_is_no_stored_time_stays_unchanged(text):
    assert short_stamp(text) == text
    assert restated_moment(text) == (text, "")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("seconds", [0, 40, 60, 3600, 3660, 49 * 3600, 72 * 3600 + 5])
def test_a_stored_duration_is_read_back(language, seconds):
    length = timedelta(seconds=seconds)
    written = read(language, "UTC", lambda: rough_duration(length))
    assert rough_duration(stored_length(written)) == rough_duration(length)


def test_a_text_that_is_no_duration_is_not_read_as_one():
    assert stored_length("two hours") is None
