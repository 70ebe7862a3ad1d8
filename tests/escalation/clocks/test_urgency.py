"""How pressing a promise is, and how times and people look."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone, translation

from escalation.clocks.urgency import HOT, WARM, Urgency, share_left, urgency_of
from escalation.models import Clock
from escalation.templatetags.promises import avatar, countdown, lasting, minutes, person, when, when_in


def clock(now: datetime, left: float) -> Clock:
    """A promise of a hundred minutes with so many left."""
    due = now + timedelta(minutes=left)
    return Clock(started_at=due - timedelta(minutes=100), due_at=due)


@pytest.mark.parametrize(
    ("left", "state"),
    [
        (100, Urgency.CALM),
        (50.1, Urgency.CALM),
        (50, Urgency.WARM),
        (20.1, Urgency.WARM),
        (20, Urgency.HOT),
        (0.1, Urgency.HOT),
        (0, Urgency.LATE),
        (-9, Urgency.LATE),
    ],
)
def test_urgency_follows_the_share_of_the_window_that_is_left(
    now: datetime, left: float, state: Urgency
) -> None:
    assert urgency_of(clock(now, left), now) is state


def test_a_raised_promise_is_measured_from_its_raise(now: datetime) -> None:
    raised = clock(now, 15)
    assert urgency_of(raised, now) is Urgency.HOT
    raised.raised_at = now
    assert urgency_of(raised, now) is Urgency.CALM
    assert f'data-from="{int(now.timestamp() * 1000)}"' in countdown(raised, now)


def test_a_window_of_no_length_counts_as_used_up(now: datetime) -> None:
    assert share_left(Clock(started_at=now, due_at=now), now) == 0.0


def test_a_countdown_says_the_state_in_words_and_carries_the_absolute_times(now: datetime) -> None:
    html = countdown(clock(now, 10), now)
    for part in ('data-heat="hot"', 'title="due soon"', "alarm", "<b>0:10:00</b>"):
        assert part in html
    assert f'data-due="{int((now + timedelta(minutes=10)).timestamp() * 1000)}"' in html


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (timedelta(seconds=59), "0:00:59"),
        (timedelta(hours=23, minutes=59, seconds=59), "23:59:59"),
        (timedelta(days=1), "24:00:00"),
        (timedelta(days=2, hours=4, minutes=5), "2 d 4 h"),
        (timedelta(seconds=-61), "overdue 0:01:01"),
    ],
)
def test_a_length_of_time_is_short_to_read(left: timedelta, text: str) -> None:
    assert lasting(left) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (timedelta(0), "20:00"),
        (timedelta(hours=4), "tomorrow 00:00"),
        (timedelta(days=7), "11-25 20:00"),
        (timedelta(days=60), "2027-01-17"),
    ],
)
def test_a_time_is_shown_as_short_as_its_distance_allows_in_the_readers_zone(
    now: datetime, moment: timedelta, text: str
) -> None:
    with timezone.override("Asia/Shanghai"), translation.override("en"):
        html = when(now + moment, now)
    assert f">{text}</time>" in html
    assert "UTC+8, Shanghai" in html


def test_a_time_in_another_zone_names_the_zone(now: datetime) -> None:
    assert when_in(now, "America/New_York") == "2026-11-18 07:00 (UTC-5, New York)"


@pytest.mark.parametrize(
    ("number", "text"), [(30, "30 min"), (60, "1 h"), (90, "1 h 30 min"), (1440, "24 h")]
)
def test_a_window_is_told_in_hours_and_minutes(number: int, text: str) -> None:
    assert minutes(number) == text


def test_chinese_names_stand_family_name_first() -> None:
    assert person(User(username="w", first_name="芳", last_name="王")) == "王芳"
    assert person(User(username="a", first_name="Anna", last_name="Keller")) == "Anna Keller"
    assert person(User(username="x")) == "x"


def test_hostile_names_are_shown_as_words() -> None:
    assert "<b>" not in avatar(User(pk=1, username="x", first_name="<b>", last_name="<i>"))


def test_the_browser_changes_the_colour_at_the_same_shares_of_the_window() -> None:
    script = Path(__file__).parents[3] / "supportdesk" / "static" / "supportdesk" / "desk.js"
    shares = re.findall(r'share <= ([\d.]+) \? "(\w+)"', script.read_text("utf-8"))
    assert [(float(share), word) for share, word in shares] == [(HOT, Urgency.HOT), (WARM, Urgency.WARM)]
