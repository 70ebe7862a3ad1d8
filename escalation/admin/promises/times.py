"""Times in lists and forms, marked if the event was recorded later than it happened."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _


def moment_marked(at: datetime | None, *, is_backdated: bool) -> str:
    """The time in the reader's zone and format, with its mark."""
    if at is None:
        return "-"
    shown = date_format(timezone.localtime(at), "DATETIME_FORMAT")
    if not is_backdated:
        return shown
    return format_html('{} <b class="text-red-600 dark:text-red-400">{}</b>', shown, _("logged later"))
