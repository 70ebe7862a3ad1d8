"""The list of mail that the servers have and the desk has not, with an action that fetches it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter

from customers import time_of_record
from customers.admin.base import ReadOnlyAdmin
from tickets.admin.apply_to_each import apply_to_each, refuse_too_many, show_outcome
from tickets.admin.page_actions import PageActions
from tickets.models import MissingMail
from tickets.services.mailbox_comparison import fetch_missing


@admin.register(MissingMail)
class MissingMailAdmin(PageActions, ReadOnlyAdmin):
    list_display = ("received_at", "sender", "subject", "mailbox", "folder", "found_at")
    list_display_links = ("received_at", "subject")
    list_filter = (("mailbox", RelatedDropdownFilter),)
    list_select_related = ("mailbox",)
    search_fields = ("sender", "subject", "rfc_message_id")
    sortable_by = ("received_at",)
    actions = ("fetch",)
    fields = (
        ("sender", "received_at"),
        "subject",
        ("mailbox", "folder", "uid"),
        "rfc_message_id",
        "found_at",
    )

    def has_fetch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tickets.change_mailbox")

    @admin.action(description=_("Fetch now"), permissions=["fetch"])
    def fetch(self, request: HttpRequest, queryset: "QuerySet[MissingMail]") -> None:
        if refuse_too_many(request, queryset.count()):
            return
        at = time_of_record.now()
        rows: Any = queryset.select_related("mailbox")
        show_outcome(request, apply_to_each(rows, lambda row: fetch_missing(missing=row, at=at)))
