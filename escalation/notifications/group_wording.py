"""The text for a customer's own group: that we are working on it and until when, and nothing internal."""

from datetime import datetime

from django.utils.translation import gettext as _

from customers.times import moment
from escalation.choices import ClockKind, NoticeKind
from escalation.notifications.wording import Notice

HANDED_UP = (NoticeKind.ESCALATED, NoticeKind.ESCALATED_TO_YOU, NoticeKind.ESCALATED_FROM_YOU)


def customer_text_of(notice: Notice, *, at: datetime) -> str:
    """One or two sentences in the active language and zone; ``at`` decides whether the due time is still ahead."""
    if notice.ticket is None:
        return ""
    words = {"number": notice.ticket.number}
    if notice.kind in HANDED_UP:
        return _("%(number)s has been escalated and is now with a senior engineer.") % words
    clock = notice.clock
    if clock is None or not clock.is_open or clock.due_at <= at:
        return _("We are on it: %(number)s.") % words
    words["time"] = moment(clock.due_at)
    return _promised(ClockKind(clock.kind)) % words


def _promised(kind: ClockKind) -> str:
    match kind:
        case ClockKind.FIRST_RESPONSE:
            return _("We are on it: %(number)s, first response by %(time)s.")
        case ClockKind.NEXT_RESPONSE:
            return _("We are on it: %(number)s, next reply by %(time)s.")
        case ClockKind.UPDATE:
            return _("We are on it: %(number)s, next update by %(time)s.")
        case ClockKind.RESOLUTION:
            return _("We are on it: %(number)s, to be resolved by %(time)s.")
