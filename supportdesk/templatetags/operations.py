"""How the operations page writes lengths of time."""

from datetime import timedelta

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def span(passed: timedelta | None) -> str:
    """As short as it can be read: ``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    if passed is None:
        return "—"
    seconds = max(passed.total_seconds(), 0.0)
    whole = int(seconds)
    if seconds < 10:
        return _("%(number)s s") % {"number": f"{seconds:.1f}"}
    if whole < 60:
        return _("%(number)s s") % {"number": whole}
    if whole < 3600:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": whole // 60, "seconds": whole % 60}
    if whole < 48 * 3600:
        return _("%(hours)s h %(minutes)s min") % {"hours": whole // 3600, "minutes": whole // 60 % 60}
    return _("%(days)s d %(hours)s h") % {"days": whole // 86400, "hours": whole // 3600 % 24}
