"""The audit: who changed which policy, mailbox, rule, user or group, and from what to what. Nobody edits it."""

from typing import Any

import auditlog.admin  # noqa: F401 - registers its own page, which ours replaces
from auditlog.models import LogEntry
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from customers.admin.base import PersonFilter, ReadOnlyAdmin
from customers.admin.fields import person
from supportdesk.audit.row_names import names_of_rows
from supportdesk.audit.sentences import changes_in_words, first_words

admin.site.unregister(LogEntry)


class AuditList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        names = names_of_rows(self.result_list)
        for entry in self.result_list:
            entry.row_names = names


@admin.register(LogEntry)
class AuditAdmin(ReadOnlyAdmin):
    list_display = ("timestamp", "who", "action", "kind", "object_repr", "shortly")
    list_filter = (("action", ChoicesDropdownFilter), ("actor", PersonFilter))
    list_select_related = ("actor", "content_type")
    search_fields = ("object_repr",)
    sortable_by = ("timestamp",)
    ordering = ("-timestamp", "-pk")
    fields = ("timestamp", "who", "remote_addr", "action", "kind", "object_repr", "whole")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("actor", "content_type")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AuditList

    @display(description=_("changed by"))
    def who(self, entry: LogEntry) -> str:
        return person(entry.actor) if entry.actor is not None else "-"

    @display(description=_("kind"))
    def kind(self, entry: LogEntry) -> str:
        model = entry.content_type.model_class()
        return str(model._meta.verbose_name) if model is not None else entry.content_type.model

    @display(description=_("changes"))
    def shortly(self, entry: LogEntry) -> str:
        return first_words(_lines(entry))

    @display(description=_("changes"))
    def whole(self, entry: LogEntry) -> SafeString:
        return format_html_join("", "<p>{}</p>", ((line,) for line in _lines(entry)))


def _lines(entry: LogEntry) -> list[str]:
    names = getattr(entry, "row_names", None)
    model = entry.content_type.model_class()
    return changes_in_words(model, entry.changes, names if names is not None else names_of_rows([entry]))
