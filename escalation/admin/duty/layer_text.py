"""Layers of a rota in words, for lists and pages."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from customers.admin.fields import person
from customers.phrases import listed
from escalation.lib.rotation import Rotation
from escalation.models import DutyLayer
from escalation.people.on_duty import Watch
from escalation.people.page_target import PageTarget


class LayerColumns:
    """The columns of a layer, in the list of layers and on the rota's page. Needs the turns and their users loaded."""

    @display(description=gettext_lazy("handover"))
    def hand_over_words(self, layer: DutyLayer) -> str:
        return hand_over_in_words(layer)

    @display(description=gettext_lazy("hours"))
    def hours(self, layer: DutyLayer) -> str:
        return hours_in_words(layer)

    @display(description=gettext_lazy("in turn"))
    def people(self, layer: DutyLayer) -> str:
        return people_in_words(layer)


def hand_over_in_words(layer: DutyLayer) -> str:
    """``every week, Monday 09:00`` in the rota's zone."""
    is_one = layer.length == 1  # worded separately, as Chinese has no plural
    match layer.rotation:
        case Rotation.HOURS:
            text = _("every hour from %(time)s") if is_one else _("every %(count)s hours from %(time)s")
        case Rotation.DAYS:
            text = _("every day at %(time)s") if is_one else _("every %(count)s days at %(time)s")
        case _weeks:
            text = _("every %(day)s at %(time)s") if is_one else _("every %(count)s weeks, %(day)s %(time)s")
    words = {"count": layer.length, "day": layer.get_weekday_display(), "time": f"{layer.hand_over:%H:%M}"}
    return text % words


def hours_in_words(layer: DutyLayer) -> str:
    """``Saturday, Sunday 20:00–08:00``; around the clock without restrictions."""
    days = listed(str(name) for day, name in _weekdays() if day in layer.weekdays)
    times = f"{layer.from_time:%H:%M}–{layer.to_time:%H:%M}" if layer.from_time and layer.to_time else ""
    return " ".join(filter(None, (days, times))) or _("24/7")


def people_in_words(layer: Any) -> str:
    """The people in their order. Needs turns with their users loaded."""
    return " → ".join(person(turn.user) for turn in layer.turns.all()) or "-"


def on_duty_in_words(watch: Watch | None, answer: PageTarget) -> str:
    """The person on duty, and the one who would answer if that is somebody else."""
    if watch is not None and answer.is_own:
        return person(watch.user)
    if watch is None:
        first = _("nobody")
    else:
        first = _("%(name)s left the desk") if answer.is_gone else _("%(name)s is away")
        first %= {"name": person(watch.user)}
    who = f"{person(answer.user)} " if answer.user else ""
    return _("%(first)s; %(second)s") % {"first": first, "second": f"{who}{answer.role.label}"}


def _weekdays() -> list[tuple[int, Any]]:
    field: Any = DutyLayer._meta.get_field("weekday")
    return list(field.choices)
