"""A step of a chain as one line: when, for which priorities, what it does, by which channels."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from customers.phrases import listed
from escalation.choices import Medium, Whom
from escalation.models import EscalationStep
from tickets.choices import Priority


def in_short(step: EscalationStep) -> str:
    """`80% · P0-P1 · tells the holder · Email`."""
    return " · ".join([step.when, priorities_of(step), *_does(step), media_of(step)])


def in_full(step: EscalationStep) -> str:
    """The short line with acknowledgement and repeats added."""
    return " · ".join([in_short(step), *asks_of(step)])


def priorities_of(step: EscalationStep) -> str:
    first, last = Priority(step.highest_priority).name, Priority(step.lowest_priority).name
    return first if first == last else f"{first}-{last}"


def media_of(step: EscalationStep) -> str:
    return listed(str(Medium(value).label) for value in step.channels)


def _does(step: EscalationStep) -> Iterator[str]:
    if step.reassign_to:
        yield _("gives it to %(whom)s") % {"whom": step.get_reassign_to_display()}
    if step.tell:
        yield _("notifies %(people)s") % {"people": listed(str(Whom(value).label) for value in step.tell)}


def asks_of(step: EscalationStep) -> Iterator[str]:
    """How soon the step must be acknowledged, and how often it repeats."""
    if step.ack_required:
        yield _("must be acknowledged within %(minutes)s min") % {"minutes": step.ack_minutes}
    if step.repeat_minutes and step.repeat_cap:
        words = _("repeated every %(minutes)s min, %(times)s at most")
        yield words % {"minutes": step.repeat_minutes, "times": step.repeat_cap}
    elif step.repeat_minutes:
        yield _("repeated every %(minutes)s min") % {"minutes": step.repeat_minutes}
