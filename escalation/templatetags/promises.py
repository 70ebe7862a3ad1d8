"""How times, promises and people look on the desk's pages."""

import re
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import template
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from customers.names import CHINESE, name_of
from escalation.clocks.urgency import Urgency, share_left, urgency_of
from escalation.models import Clock

register = template.Library()
HUES = 8  # classes hue-0 to hue-7 of the style sheet
ICONS = {Urgency.CALM: "schedule", Urgency.WARM: "schedule", Urgency.HOT: "alarm", Urgency.LATE: "error"}


@register.simple_tag
def when(moment: datetime | None, now: datetime) -> SafeString | str:
    """A moment in the reader's zone: short to read, complete and with its zone in the title."""
    if moment is None:
        return "—"
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        local.isoformat(sep=" ", timespec="seconds"),
        short(local, timezone.localtime(now)),
    )


@register.simple_tag
def when_in(moment: datetime, zone: str) -> str:
    """A moment in somebody else's zone, in full: ``2026-11-18 20:00 (Asia/Shanghai)``."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"


def short(local: datetime, now: datetime) -> str:
    """The time today, weekday and time within a week, else the day too. Both in the same zone."""
    days = abs((local.date() - now.date()).days)
    if days == 0:
        return f"{local:%H:%M}"
    if days < 7:
        return f"{date_format(local, 'D')} {local:%H:%M}"
    return f"{local:%m-%d %H:%M}" if local.year == now.year else f"{local:%Y-%m-%d}"


@register.simple_tag
def countdown(clock: Clock, now: datetime) -> SafeString:
    """Time left or overdue; desk.js goes on counting from the absolute times."""
    state = urgency_of(clock, now)
    return format_html(
        '<span class="cd" data-heat="{}" data-from="{}" data-due="{}" title="{}">'
        '<span class="ms" aria-hidden="true">{}</span><b>{}</b>'
        '<i class="cd-bar" aria-hidden="true"><i style="width:{}%"></i></i></span>',
        state.value,
        _epoch(clock.window_starts_at),
        _epoch(clock.due_at),
        state.label,
        ICONS[state],
        lasting(clock.due_at - now),
        round(100 * (1 - share_left(clock, now))),
    )


def lasting(left: timedelta) -> str:
    """``1:05:09``, ``2 d 04:05``, with a minus when it is over; the same shape as in desk.js."""
    seconds = abs(int(left.total_seconds()))
    sign = "−" if left < timedelta(0) else ""
    days, hours, minutes = seconds // 86400, seconds // 3600, seconds // 60 % 60
    if days:
        return _("%(sign)s%(days)s d %(time)s") % {
            "sign": sign,
            "days": days,
            "time": f"{hours % 24:02d}:{minutes:02d}",
        }
    return f"{sign}{hours}:{minutes:02d}:{seconds % 60:02d}"


@register.filter
def minutes(number: int) -> str:
    """A window as people say it: ``30 min``, ``4 h``, ``1 h 30 min``."""
    hours, rest = divmod(number, 60)
    parts = [_("%(hours)s h") % {"hours": hours}] if hours else []
    if rest or not hours:
        parts.append(_("%(minutes)s min") % {"minutes": rest})
    return " ".join(parts)


@register.filter
def shift(by: timedelta) -> str:
    """How much later or earlier: ``+30 min``, ``−1 h 30 min``; less than a minute is nothing."""
    whole = int(abs(by.total_seconds())) // 60
    if not whole:
        return _("the same")
    return f"{'−' if by < timedelta(0) else '+'}{minutes(whole)}"


@register.filter
def first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


@register.filter
def epoch(moment: datetime) -> int:
    return _epoch(moment)


def _epoch(moment: datetime) -> int:
    """Milliseconds, as JavaScript counts them."""
    return int(moment.timestamp() * 1000)


@register.simple_tag
def new_token() -> str:
    """For each of many forms of a kind on one page; a form acts once by it."""
    return str(uuid4())


@register.filter
def person(user: User | None) -> str:
    return name_of(user) if user is not None else ""


@register.simple_tag
def avatar(user: User | None) -> SafeString | str:
    """A disc with initials, the same colour for the same person everywhere."""
    if user is None:
        return ""
    name = person(user)
    letters = (
        user.first_name[-1:]
        if re.search(CHINESE, user.last_name)
        else "".join(word[0] for word in name.split()[:2])
    )
    return format_html(
        '<span class="av hue-{}" title="{}" aria-hidden="true">{}</span>',
        user.pk % HUES,
        name,
        letters.upper(),
    )
