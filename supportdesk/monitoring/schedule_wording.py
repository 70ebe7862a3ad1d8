"""Describes the scheduled tasks to operators."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.times import zone_title
from supportdesk.schedules import ScheduledTask


@dataclass(frozen=True)
class About:
    title: Any
    does: Any


ABOUT = {
    "absences": About(
        gettext_lazy("Absences"),
        gettext_lazy("Hands the tickets of people who are away to their deputies, and offers them "
                     "back."),
    ),
    "drills": About(gettext_lazy("Fire drills"), gettext_lazy("Ends fire drills whose time is up.")),
    "dispatch-notifications": About(
        gettext_lazy("Notifications"), gettext_lazy("Sends pending notifications and retries refused ones.")
    ),
    "look-again": About(
        gettext_lazy("Recheck"), gettext_lazy("Picks up SLAs the sweep missed.")
    ),
    "fetch-mail": About(gettext_lazy("Fetch email"), gettext_lazy("Fetches new email from the mailboxes.")),
    "process-mail": About(
        gettext_lazy("Incoming email"), gettext_lazy("Turns email left behind by an interruption into tickets.")
    ),
    "deliver-mail": About(
        gettext_lazy("Outgoing email"), gettext_lazy("Sends pending notifications and retries refused ones.")
    ),
    "compare-mailboxes": About(
        gettext_lazy("Mailbox comparison"),
        gettext_lazy("Lists email of the last days that a mail server has and the desk does not."),
    ),
    "index-words": About(
        gettext_lazy("Search"), gettext_lazy("Adds older tickets to the search and tidies its index.")
    ),
    "remove-erased-files": About(
        gettext_lazy("Erased files"), gettext_lazy("Removes the files of messages whose words were erased.")
    ),
    "remove-unused-files": About(
        gettext_lazy("Unused files"), gettext_lazy("Removes files that an interruption left without a message.")
    ),
    "verify-ledger": About(
        gettext_lazy("Ledger check"),
        gettext_lazy("Checks what is new in the ledger: each SLA, its evidence, and the day's seals."),
    ),
    "seal-ledger": About(
        gettext_lazy("Ledger seal"), gettext_lazy("Seals what was written to the ledger in the last hour.")
    ),
    "verify-whole-ledger": About(
        gettext_lazy("Whole ledger check"),
        gettext_lazy("Replays the ledger of every SLA, checks every seal, and compares both with what is stored."),
    ),
    "renew-holidays": About(
        gettext_lazy("Holidays"), gettext_lazy("Adds new holidays and make-up workdays to the calendars.")
    ),
    "tell-shift-changes": About(
        gettext_lazy("Shift handovers"), gettext_lazy("Tells both people what is open at each handover.")
    ),
    "generate-shifts": About(
        gettext_lazy("Shifts"), gettext_lazy("Generates the shifts of every duty rota eight weeks ahead.")
    ),
    "weekly-pack": About(
        gettext_lazy("Weekly pack"),
        gettext_lazy("Creates the pack of each week from Monday 08:00 on, and corrects earlier ones where something "
                     "turned out otherwise."),
    ),
    "move-raw-mail": About(
        gettext_lazy("Original emails"),
        gettext_lazy("Moves original emails out of the way of lists and counts, and compresses them."),
    ),
    "try-files": About(
        gettext_lazy("File storage"), gettext_lazy("Tries whether files can be stored.")
    ),
    "forget-sign-ins": About(
        gettext_lazy("Old sign-ins"), gettext_lazy("Deletes sign-ins that were kept for long enough."),
    ),
    "retention": About(
        gettext_lazy("Retention"),
        gettext_lazy("Removes data that was kept for as long as the settings say."),
    ),
    "erase-personal-data": About(
        gettext_lazy("Erasing personal data"),
        gettext_lazy("Goes on with erasures of contacts and customers until nothing of theirs is left."),
    ),
    "backup": About(
        gettext_lazy("Data backup"),
        gettext_lazy("Backs the desk up to BACKUP_FOLDER and proves the backup, if one is due."),
    ),
}  # fmt: skip


def title_of(name: str) -> str:
    """The title of a task; for a schedule that the desk does not define, its name."""
    return str(ABOUT[name].title) if name in ABOUT else name


def how_often(entry: ScheduledTask) -> str:
    """``every minute``, ``each day at 03:30``; times are in the desk's zone, which is named."""
    if entry.cron is None:
        text = _("every minute") if (entry.minutes or 1) == 1 else _("every %(count)s minutes")
        return text % {"count": entry.minutes}
    minute, hour, *_days, weekday = entry.cron.split()
    words = {"time": f"{int(hour):02d}:{int(minute):02d}", "zone": zone_title(settings.TIME_ZONE)}
    if not weekday.isdigit():
        return _("each day at %(time)s (%(zone)s)") % words
    day = WEEKDAYS[(int(weekday) - 1) % 7]  # cron counts from Sunday
    return _("each %(day)s at %(time)s (%(zone)s)") % {**words, "day": day}
