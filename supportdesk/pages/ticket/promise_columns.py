"""Two columns of the ticket list that are computed from other tables: received, and due."""

from datetime import timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from customers import time_of_record
from customers.admin.base import RowAccessAdmin
from escalation.admin.promises.times import moment_marked
from escalation.models import Clock
from tickets.models import Ticket
from tickets.models.message import opened_late

SOON = timedelta(hours=1)


class PromiseColumn(RowAccessAdmin):
    """A mixin to put before the ticket admin. It costs two index look-ups per row of the page."""

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Ticket]":
        due = Clock.objects.ticking().filter(ticket=OuterRef("pk")).order_by("due_at").values("due_at")[:1]
        tickets: QuerySet[Ticket] = super().get_queryset(request)
        return tickets.annotate(next_due=Subquery(due), opened_late=opened_late())

    @display(description=_("received at"))
    def received(self, ticket: Any) -> str:
        return moment_marked(ticket.opened_at, is_backdated=bool(ticket.opened_late))

    @display(description=_("SLA due"), label={"late": "danger", "soon": "warning", "later": "info"})
    def promise_due(self, ticket: Any) -> tuple[str, str] | None:
        if ticket.next_due is None:
            return None
        left = ticket.next_due - time_of_record.now()
        heat = "late" if left <= timedelta(0) else "soon" if left <= SOON else "later"
        return heat, date_format(timezone.localtime(ticket.next_due), "DATETIME_FORMAT")
