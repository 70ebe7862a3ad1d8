"""The task queue, read-only: one malformed schedule row would stop every schedule."""

import django_q.admin  # noqa: F401  # registers its own classes, which are replaced here
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.decorators import display

from customers.admin.base import ReadOnlyAdmin
from supportdesk.monitoring.schedule_wording import ABOUT, how_often, title_of
from supportdesk.schedules import TIMETABLE
from tickets.admin.display import as_written

for model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):  # OrmQ is not registered if Redis is the broker
        admin.site.unregister(model)


@admin.register(Schedule)
class TimetableAdmin(ReadOnlyAdmin):
    list_display = ("title", "does", "often", "next_run")
    sortable_by = ()
    ordering = ("name",)
    fields = (("title", "often"), "does", ("name", "func"), ("schedule_type", "minutes", "cron"), "next_run")
    readonly_fields = ("title", "often", "does")

    @display(description=_("task"))
    def title(self, row: Schedule) -> str:
        return title_of(row.name or str(row.pk))

    @display(description=_("purpose"))
    def does(self, row: Schedule) -> str:
        return str(ABOUT[row.name].does) if row.name in ABOUT else str(row.func)

    @display(description=_("how often"))
    def often(self, row: Schedule) -> str:
        entry = next((entry for entry in TIMETABLE if entry.name == row.name), None)
        return how_often(entry) if entry is not None else "-"


@admin.register(Failure)
class FailedTaskAdmin(ReadOnlyAdmin):
    list_display = ("name", "func", "started", "stopped", "short_result")
    search_fields = ("name", "func")
    sortable_by = ()
    ordering = ("-stopped",)
    fields = (("name", "func"), ("started", "stopped"), "shown_result")
    readonly_fields = ("shown_result",)

    @display(description=_("error"))
    def short_result(self, task: Failure) -> str:
        return str(task.result)[:120]

    @display(description=_("error"))
    def shown_result(self, task: Failure) -> str:
        return as_written(str(task.result))


@admin.register(OrmQ)
class WaitingTaskAdmin(ReadOnlyAdmin):
    list_display = ("task_name", "task_func", "lock")
    sortable_by = ()
    fields = (("task_name", "task_func"), "lock")
    readonly_fields = ("task_name", "task_func")

    @display(description=_("name"))
    def task_name(self, waiting: OrmQ) -> str:
        return str(waiting.name())

    @display(description=_("function"))
    def task_func(self, waiting: OrmQ) -> str:
        return str(waiting.func())
