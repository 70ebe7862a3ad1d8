"""Formats durations for the operations page."""

from datetime import timedelta

from django import template
from django.utils.translation import gettext as _

from customers.times import rough_duration

register = template.Library()


@register.filter
def short_duration(passed: timedelta | None) -> str:
    """The duration, as short as is readable: ``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    if passed is None:
        return "—"
    seconds = max(passed.total_seconds(), 0.0)
    whole_seconds = int(seconds)
    if seconds < 10:
        return _("%(number)s s") % {"number": f"{seconds:.1f}"}
    if whole_seconds < 60:
        return _("%(number)s s") % {"number": whole_seconds}
    if whole_seconds < 3600:
        return _("%(minutes)s min %(seconds)s s") % {
            "minutes": whole_seconds // 60,
            "seconds": whole_seconds % 60,
        }
    return rough_duration(passed)
