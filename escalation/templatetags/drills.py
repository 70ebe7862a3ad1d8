"""Formats times and durations in the report of a fire drill, to the second."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone

from customers.times import duration_text

register = template.Library()


@register.simple_tag
def to_the_second(moment: datetime) -> str:
    """In the reader's zone: ``2026-11-18 20:00:07``."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"


@register.filter
def clocktime(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M}"


@register.filter
def duration(time: timedelta | None) -> str:
    """``1 h 5 min``; empty for an unknown duration."""
    return duration_text(time) if time is not None else ""


@register.filter
def since(moment: datetime, start: datetime) -> str:
    """``+0:05:07`` after the start."""
    seconds = max(0, int((moment - start).total_seconds()))
    return f"+{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
