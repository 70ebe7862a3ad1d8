"""The column of the tickets' list that the lower app cannot know: when the next promise falls due."""

from datetime import timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from customers.admin.base import RowAccessAdmin
from escalation.models import Clock
from tickets.models import Ticket

SOON = timedelta(hours=1)


class PromiseColumn(RowAccessAdmin):
    """Put it before the ticket admin. One look into the index of open promises for each row of the page."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Ticket]":
        due = Clock.objects.open().filter(ticket=OuterRef("pk")).order_by("due_at").values("due_at")[:1]
        tickets: QuerySet[Ticket] = super().get_queryset(request)
        return tickets.annotate(next_due=Subquery(due))

    @display(description=_("promise due"), label={"late": "danger", "soon": "warning", "later": "info"})
    def promise_due(self, ticket: Any) -> tuple[str, str] | None:
        if ticket.next_due is None:
            return None
        left = ticket.next_due - timezone.now()
        heat = "late" if left <= timedelta(0) else "soon" if left <= SOON else "later"
        return heat, date_format(timezone.localtime(ticket.next_due), "DATETIME_FORMAT")
