"""Describes the tasks of the timetable to operators."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from supportdesk.schedules import ScheduledTask


@dataclass(frozen=True)
class About:
    title: Any
    does: Any


ABOUT = {
    "sweep": About(
        gettext_lazy("Sweep"),
        gettext_lazy("Enforces the promises: warns, records breaches, moves tickets up. Works the whole minute."),
    ),
    "absences": About(
        gettext_lazy("Absences"),
        gettext_lazy("Gives the tickets of people who are away to who stands in, and offers them back."),
    ),
    "drills": About(gettext_lazy("Fire drills"), gettext_lazy("Ends fire drills whose time is up.")),
    "dispatch-notifications": About(
        gettext_lazy("Notifications"), gettext_lazy("Sends what waits and tries again what was refused.")
    ),
    "look-again": About(
        gettext_lazy("Second look"), gettext_lazy("Puts before the sweep whatever fell out of its sight.")
    ),
    "fetch-mail": About(gettext_lazy("Fetching mail"), gettext_lazy("Asks the mailboxes for new mail.")),
    "process-mail": About(
        gettext_lazy("Incoming mail"), gettext_lazy("Makes tickets of mail that an interruption left behind.")
    ),
    "deliver-mail": About(
        gettext_lazy("Outgoing mail"), gettext_lazy("Sends what waits and tries again what was refused.")
    ),
    "verify-ledger": About(
        gettext_lazy("Proof of the ledger"),
        gettext_lazy("Replays every promise and compares it with what is stored."),
    ),
    "renew-holidays": About(
        gettext_lazy("Holidays"), gettext_lazy("Takes new holidays and make-up days into the calendars.")
    ),
    "tell-shift-changes": About(
        gettext_lazy("Changes of shift"), gettext_lazy("Tells both people at each change of shift what goes on.")
    ),
    "generate-shifts": About(
        gettext_lazy("Shifts"), gettext_lazy("Keeps the shifts of every duty rota eight weeks ahead.")
    ),
    "weekly-pack": About(gettext_lazy("Weekly pack"), gettext_lazy("Freezes the figures of the week that is over.")),
}  # fmt: skip


def title_of(name: str) -> str:
    """A row that does not belong to the desk goes by the name it has."""
    return str(ABOUT[name].title) if name in ABOUT else name


def how_often(entry: ScheduledTask) -> str:
    """``each minute``, ``each day at 03:30``; hours are those of the desk's zone, which is named."""
    if entry.cron is None:
        text = ngettext("each minute", "every %(count)s minutes", entry.minutes or 1)
        return text % {"count": entry.minutes}
    minute, hour, *_days, weekday = entry.cron.split()
    words = {"time": f"{int(hour):02d}:{int(minute):02d}", "zone": settings.TIME_ZONE}
    if not weekday.isdigit():
        return _("each day at %(time)s (%(zone)s)") % words
    day = WEEKDAYS[(int(weekday) - 1) % 7]  # cron counts from Sunday
    return _("each %(day)s at %(time)s (%(zone)s)") % {**words, "day": day}
