"""Raw mail as it came in: what is parked or failed and why, and the two ways on."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    MultipleChoicesDropdownFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import display

from customers.admin.base import ReadOnlyAdmin, RowAccessAdmin
from tickets.access import RELEASES, visible_inbound
from tickets.admin import labels
from tickets.admin.page_actions import PageActions
from tickets.admin.shown import as_written, ticket_link
from tickets.models import InboundEmail


@admin.register(InboundEmail)
class InboundEmailAdmin(PageActions, ReadOnlyAdmin, RowAccessAdmin):
    list_display = (
        "received_at",
        "sender",
        "subject",
        "mailbox",
        "shown_state",
        "why",
        "number",
        "attempts",
    )
    list_display_links = ("received_at", "subject")
    list_filter = (
        ("state", MultipleChoicesDropdownFilter),
        ("mailbox", RelatedDropdownFilter),
        ("received_at", RangeDateTimeFilter),
    )
    list_select_related = ("mailbox",)
    search_fields = ("sender", "subject", "rfc_message_id", "reason")
    sortable_by = ("received_at",)
    fieldsets = (
        (None, {"fields": (("sender", "state"), "subject", "reason", "shown_error", "number")}),
        (
            _("How it came"),
            {
                "fields": (
                    ("mailbox", "via"),
                    ("received_at", "stored_at"),
                    ("envelope_from", "shown_recipients"),
                    ("shown_size", "attempts"),
                    "rfc_message_id",
                )
            },
        ),
    )
    readonly_fields = ("shown_error", "number", "shown_recipients", "shown_size")

    def visible(self, user: User | AnonymousUser) -> QuerySet[InboundEmail]:
        return visible_inbound(user).defer("raw")

    def has_release_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(RELEASES)

    def links(self, mail: Any) -> list[tuple[str, Any]]:
        return [(reverse("tickets:original", args=[mail.pk]), _("Download the original"))]

    @display(description=_("state"), label=labels.INTAKE)
    def shown_state(self, mail: InboundEmail) -> tuple[str, str]:
        return mail.state, mail.get_state_display()

    @display(description=_("reason"))
    def why(self, mail: InboundEmail) -> str:
        return mail.reason or mail.error.strip().rpartition("\n")[2][:120] or "-"

    @display(description=_("error"))
    def shown_error(self, mail: InboundEmail) -> str:
        return as_written(mail.error)

    @display(description=_("ticket"))
    def number(self, mail: InboundEmail) -> str:
        return ticket_link(mail.ticket_id)

    @display(description=_("envelope recipients"))
    def shown_recipients(self, mail: InboundEmail) -> str:
        return ", ".join(mail.envelope_to) or "-"

    @display(description=_("size"))
    def shown_size(self, mail: InboundEmail) -> str:
        return filesizeformat(mail.size)
