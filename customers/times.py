"""The active language and zone, and times and durations written for people in them.

A zone is named by its offset and city, never by an abbreviation: CST is China's, America's and Cuba's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

# Chinese names of cities; a zone that is missing here is shown by its offset alone.
CITIES = {
    "Asia/Shanghai": pgettext_lazy("city of a time zone", "Shanghai"),
    "Asia/Hong_Kong": pgettext_lazy("city of a time zone", "Hong Kong"),
    "Asia/Taipei": pgettext_lazy("city of a time zone", "Taipei"),
    "Asia/Tokyo": pgettext_lazy("city of a time zone", "Tokyo"),
    "Asia/Seoul": pgettext_lazy("city of a time zone", "Seoul"),
    "Asia/Singapore": pgettext_lazy("city of a time zone", "Singapore"),
    "Asia/Bangkok": pgettext_lazy("city of a time zone", "Bangkok"),
    "Asia/Jakarta": pgettext_lazy("city of a time zone", "Jakarta"),
    "Asia/Manila": pgettext_lazy("city of a time zone", "Manila"),
    "Asia/Ho_Chi_Minh": pgettext_lazy("city of a time zone", "Ho Chi Minh"),
    "Asia/Kuala_Lumpur": pgettext_lazy("city of a time zone", "Kuala Lumpur"),
    "Asia/Kolkata": pgettext_lazy("city of a time zone", "Kolkata"),
    "Asia/Dubai": pgettext_lazy("city of a time zone", "Dubai"),
    "Asia/Riyadh": pgettext_lazy("city of a time zone", "Riyadh"),
    "Europe/London": pgettext_lazy("city of a time zone", "London"),
    "Europe/Paris": pgettext_lazy("city of a time zone", "Paris"),
    "Europe/Berlin": pgettext_lazy("city of a time zone", "Berlin"),
    "Europe/Madrid": pgettext_lazy("city of a time zone", "Madrid"),
    "Europe/Moscow": pgettext_lazy("city of a time zone", "Moscow"),
    "Europe/Istanbul": pgettext_lazy("city of a time zone", "Istanbul"),
    "America/New_York": pgettext_lazy("city of a time zone", "New York"),
    "America/Chicago": pgettext_lazy("city of a time zone", "Chicago"),
    "America/Denver": pgettext_lazy("city of a time zone", "Denver"),
    "America/Los_Angeles": pgettext_lazy("city of a time zone", "Los Angeles"),
    "America/Toronto": pgettext_lazy("city of a time zone", "Toronto"),
    "America/Sao_Paulo": pgettext_lazy("city of a time zone", "Sao Paulo"),
    "Australia/Sydney": pgettext_lazy("city of a time zone", "Sydney"),
}


@contextmanager
def as_read_by(language: str, zone: str) -> Iterator[None]:
    """Write texts and times inside for a reader with this language and zone."""
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        yield


def reader_of(user: User) -> tuple[str, str]:
    """Language and zone of a colleague; the desk's own if there is no profile."""
    profile = getattr(user, "staff_profile", None)
    return (
        (profile.language, profile.time_zone)
        if profile
        else (settings.LANGUAGE_CODE, settings.DESK_TIME_ZONE)
    )


def moment(at: datetime) -> str:
    """``Sunday 29 November 2026, 05:16 (UTC+8, Shanghai)`` or ``2026年11月29日（周日）05:16（北京时间，UTC+8）``"""
    local = timezone.localtime(at)
    minute = local.replace(second=0, microsecond=0, tzinfo=None)
    return _zoned(_in_full(minute, translation.get_language()), local)


def dated(at: datetime, zone: str) -> str:
    """The time in digits in any zone, for tables: ``2026-11-29 05:16 (UTC+8, Shanghai)``."""
    local = at.astimezone(ZoneInfo(zone))
    return _zoned(f"{local:%Y-%m-%d %H:%M}", local)


def dated_span(start: datetime, end: datetime | None, zone: str) -> str:
    """From when to when in any zone: ``2026-11-29 05:16 – 06:00 (UTC+8, Shanghai)``."""
    begins = start.astimezone(ZoneInfo(zone))
    text = f"{begins:%Y-%m-%d %H:%M}"
    if end is not None:
        ends = end.astimezone(ZoneInfo(zone))
        text += f" – {ends:%H:%M}" if ends.date() == begins.date() else f" – {ends:%Y-%m-%d %H:%M}"
    return _zoned(text, begins)


def near(at: datetime, now: datetime) -> str:
    """The time, as short as is unambiguous now: ``21:00``, ``yesterday 21:00``, ``tomorrow 09:00``, ``11-25 09:00``."""
    local, today = timezone.localtime(at), timezone.localtime(now)
    match (local.date() - today.date()).days:
        case 0:
            return f"{local:%H:%M}"
        case 1:
            return _("tomorrow %(time)s") % {"time": f"{local:%H:%M}"}
        case -1:
            return _("yesterday %(time)s") % {"time": f"{local:%H:%M}"}
        case _days if local.year == today.year:
            return f"{local:%m-%d %H:%M}"
    return f"{local:%Y-%m-%d}"


def near_zoned(at: datetime, now: datetime) -> str:
    """``near`` with its zone, for mails, whose reader may be travelling."""
    return _zoned(near(at, now), timezone.localtime(at))


def zone_name(zone: str, at: datetime) -> str:
    """``UTC+8, Shanghai`` or ``北京时间，UTC+8``, with the offset at that moment."""
    return _zone_words(zone, offset(at.astimezone(ZoneInfo(zone))), translation.get_language())


def zone_title(zone: str) -> str:
    """The city of a zone for a heading: ``Shanghai`` or ``北京时间``; the zone's name if we know no city."""
    city = _city(zone, translation.get_language())
    return pgettext("heading of times", "%(city)s") % {"city": city} if city else zone


def offset(local: datetime) -> str:
    """``UTC+8``, ``UTC-3:30``, ``UTC``"""
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")


def duration_text(time: timedelta) -> str:
    """``26 h``, ``1 h 5 min``, ``40 s``: hours are not turned into days, as a working day has no fixed length."""
    seconds = round(time.total_seconds())
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = [_hours(hours)] if hours else []
    parts += [_minutes(minutes)] if minutes else []
    if seconds or not parts:
        parts.append(_seconds(seconds) if seconds else _minutes(0))
    return " ".join(parts)


def rough_duration(time: timedelta) -> str:
    """At most two units: ``3 d 8 h``, ``2 h 5 min``, ``45 min``, ``40 s``."""
    seconds = max(0, int(time.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600, seconds // 60 % 60
    if days >= 2:
        rest = hours % 24
        days_text = _("%(days)s d") % {"days": days}
        return f"{days_text} {_hours(rest)}" if rest else days_text
    if hours:
        return f"{_hours(hours)} {_minutes(minutes)}" if minutes else _hours(hours)
    return _minutes(minutes) if minutes else _seconds(seconds)


def time_left(due_at: datetime, now: datetime) -> str:
    """``1 h left``, ``due now`` or ``overdue by 44 min``"""
    if abs(due_at - now) < timedelta(minutes=1):
        return _("due now")
    text = _("%(length)s left") if now < due_at else _("overdue by %(length)s")
    return text % {"length": rough_duration(abs(due_at - now))}


def _hours(hours: int) -> str:
    return _("%(hours)s h") % {"hours": hours}


def _minutes(minutes: int) -> str:
    return _("%(minutes)s min") % {"minutes": minutes}


def _seconds(seconds: int) -> str:
    return _("%(seconds)s s") % {"seconds": seconds}


def _zoned(text: str, local: datetime) -> str:
    zone = str(local.tzinfo)
    return pgettext("time (zone)", "%(time)s (%(zone)s)") % {
        "time": text,
        "zone": _zone_words(zone, offset(local), translation.get_language()),
    }


@lru_cache(maxsize=4096)
def _in_full(minute: datetime, _language: str | None) -> str:
    """Cached, because a flood of notifications names the same minutes."""
    return date_format(minute, pgettext("a time, as Django's date filter has it", "l j F Y, H:i"))


@lru_cache(maxsize=512)
def _zone_words(zone: str, offset: str, language: str | None) -> str:
    city = _city(zone, language)
    if not city or offset == "UTC":
        return offset
    return _("%(offset)s, %(city)s") % {"offset": offset, "city": city}


def _city(zone: str, language: str | None) -> str:
    if zone in CITIES:
        return str(CITIES[zone])
    is_english = (language or "en").startswith("en")
    area, _slash, place = zone.rpartition("/")
    return place.replace("_", " ") if is_english and area not in ("", "Etc") else ""
