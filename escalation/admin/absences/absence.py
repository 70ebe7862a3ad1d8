"""The admin of absences, with a sentence on who gets the tickets. An absence that has begun moves them at once."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django_q.tasks import async_task

from customers import time_of_record
from customers.admin.absence import AbsenceAdmin as AbsenceList
from customers.models import Absence
from escalation.people.absence_cover import absence_forecast, has_deputy
from escalation.people.staff_snapshot import People

admin.site.unregister(Absence)


@admin.register(Absence)
class MovingAbsenceAdmin(AbsenceList):
    change_form_outer_before_template = "escalation/absence/foretold.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """A new form shows where the reader's own tickets would go; a saved absence, where its tickets go."""
        absence = self.get_object(request, object_id) if object_id else None
        user, at = (
            (absence.user, absence.starts_at) if absence else (cast(User, request.user), time_of_record.now())
        )
        people = People.at(at)
        context = {"foretold": absence_forecast(user, people), "has_deputy": has_deputy(user, people)}
        return super().changeform_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._warn(request, obj)
        _look_at_once()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        _look_at_once()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        super().delete_queryset(request, queryset)
        _look_at_once()

    def _warn(self, request: HttpRequest, absence: Absence) -> None:
        """Show the sentence, except for an absence that is over."""
        if absence.ends_at <= time_of_record.now():
            return
        user, people = absence.user, People.at(absence.starts_at)
        level = messages.INFO if has_deputy(user, people) else messages.WARNING
        messages.add_message(request, level, absence_forecast(user, people))


def _look_at_once() -> None:
    """Move or offer tickets after the commit. If the queue is down, the minute task does it."""
    transaction.on_commit(_follow, robust=True)


def _follow() -> None:
    async_task("escalation.tasks.follow_absences")
