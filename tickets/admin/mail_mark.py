"""The admin of marks on mails: which later mails they apply to, and how to take them back."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from customers import time_of_record
from customers.admin.base import ReadOnlyAdmin, RowAccessAdmin
from tickets.access import visible_marks
from tickets.admin.apply_to_each import apply_to_each, refuse_too_many, show_outcome
from tickets.admin.display import ticket_link
from tickets.admin.page_actions import PageActions
from tickets.erased_text import erased_in_words
from tickets.models import MailMark
from tickets.services.mail_marks import take_back_mark


@admin.register(MailMark)
class MailMarkAdmin(PageActions, ReadOnlyAdmin, RowAccessAdmin):
    list_display = ("made_at", "sender", "subject", "said", "made_by", "number", "taken_back_at")
    list_display_links = ("made_at", "subject")
    list_filter = (
        "is_automatic",
        ("made_at", RangeDateTimeFilter),
        ("taken_back_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("made_by", "message__erased_by")
    search_fields = ("sender", "subject")
    sortable_by = ("made_at",)
    actions = ("take_back",)
    fields = (
        ("sender", "said"), "subject", "text", ("made_at", "made_by"), "number", ("taken_back_at", "taken_back_by"),
    )  # fmt: skip
    readonly_fields = ("said", "text", "number")

    def visible(self, user: User | AnonymousUser) -> QuerySet[MailMark]:
        return visible_marks(user)

    def has_take_back_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tickets.change_ticket")

    def makes_sense(self, action: str, row: Any) -> bool:
        return row.taken_back_at is None

    @admin.action(description=_("Stop remembering"), permissions=["take_back"])
    def take_back(self, request: HttpRequest, queryset: "QuerySet[MailMark]") -> None:
        if refuse_too_many(request, queryset.count()):
            return
        actor: Any = request.user
        at = time_of_record.now()
        show_outcome(
            request, apply_to_each(queryset, lambda mark: take_back_mark(mark=mark, actor=actor, at=at))
        )

    @display(description=_("marked as"))
    def said(self, mark: MailMark) -> str:
        return str(_("automatic") if mark.is_automatic else _("written by a person"))

    @display(description=_("text"))
    def text(self, mark: MailMark) -> str:
        return erased_in_words(mark.message) or mark.message.body

    @display(description=_("ticket"))
    def number(self, mark: MailMark) -> str:
        return ticket_link(mark.message.ticket_id)
