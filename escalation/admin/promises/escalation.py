"""The admin of escalations that fired: from whom, to whom, and by which step."""

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from customers.admin.base import ReadOnlyAdmin, RowAccessAdmin
from customers.admin.fields import person
from escalation.access import visible_escalations
from escalation.admin.behind_figure import BehindFigure
from escalation.models import Escalation
from tickets.admin.display import ticket_link


@admin.register(Escalation)
class EscalationAdmin(ReadOnlyAdmin, RowAccessAdmin):
    list_display = ("fired_at", "number", "share", "handed_from", "handed_to", "due_at")
    list_filter = (
        BehindFigure,
        ("fired_at", RangeDateTimeFilter),
    )
    list_select_related = ("clock", "step", "from_owner", "to_owner")
    sortable_by = ("fired_at",)
    fields = (("number", "share"), ("due_at", "fired_at"), ("handed_from", "handed_to"), "clock")
    readonly_fields = ("number", "share", "handed_from", "handed_to")

    def visible(self, user: User | AnonymousUser) -> QuerySet[Escalation]:
        return visible_escalations(user)

    @display(description=_("ticket"))
    def number(self, escalation: Escalation) -> str:
        return ticket_link(escalation.clock.ticket_id)

    @display(description=_("step"))
    def share(self, escalation: Escalation) -> str:
        if escalation.step is None:
            return str(_("manually"))
        again = f" · {escalation.round + 1}" if escalation.round else ""
        return f"{escalation.step.when}{again}"

    @display(description=pgettext_lazy("person", "from"))
    def handed_from(self, escalation: Escalation) -> str:
        return person(escalation.from_owner)

    @display(description=pgettext_lazy("person", "to"))
    def handed_to(self, escalation: Escalation) -> str:
        return person(escalation.to_owner) if escalation.to_owner else str(_("notified only"))
