"""Times in lists and forms, marked where somebody wrote down later what happened then."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _


def moment_marked(at: datetime | None, *, is_backdated: bool) -> str:
    """In the reader's zone and format."""
    if at is None:
        return "-"
    shown = date_format(timezone.localtime(at), "DATETIME_FORMAT")
    if not is_backdated:
        return shown
    return format_html('{} <b class="text-red-600 dark:text-red-400">{}</b>', shown, _("logged later"))
