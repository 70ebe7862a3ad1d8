"""The outbox: mail that leaves the desk, how far it got, and what the server answered."""

import re
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    MultipleChoicesDropdownFilter,
    RangeDateTimeFilter,
)
from unfold.decorators import display

from customers import time_of_record
from customers.admin.base import ReadOnlyAdmin, RowAccessAdmin
from customers.phrases import labelled, listed, noted
from tickets.access import visible_outbound
from tickets.admin import labels
from tickets.admin.apply_to_each import apply_to_each, refuse_too_many, show_outcome
from tickets.admin.display import as_written, ticket_link
from tickets.admin.page_actions import PageActions
from tickets.models import OutboundEmail
from tickets.models.outbound import WORK_LEFT
from tickets.search.mails import OUTBOUND, find_mails
from tickets.services.outgoing.delivery import send_again

# Anyone who has this text can act as the person it was sent to, so it is shown to nobody else.
SIGNED_LINK = re.compile(r"/(ack|account/password/new|account/email/confirm)/[^\s/]+")


@admin.register(OutboundEmail)
class OutboundEmailAdmin(PageActions, ReadOnlyAdmin, RowAccessAdmin):
    list_display = (
        "created_at", "shown_recipients", "subject", "purpose", "ticket_number", "shown_state", "attempts",
        "short_answer",
    )  # fmt: skip
    list_display_links = ("created_at", "subject")
    list_filter = (
        ("state", MultipleChoicesDropdownFilter),
        ("purpose", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )
    search_fields = ("subject", "recipients", "rfc_message_id")
    sortable_by = ("created_at",)
    actions = ("send_again",)
    fieldsets = (
        (None, {"fields": (("sender", "shown_recipients"), "shown_copies", "subject", "readable_text")}),
        (
            _("Delivery"),
            {
                "fields": (
                    ("purpose", "state"),
                    ("created_at", "attempts"),
                    ("next_try_at", "accepted_at"),
                    "shown_outcomes",
                    "shown_answer",
                    "rfc_message_id",
                    "ticket",
                )
            },
        ),
    )
    readonly_fields = (
        "shown_recipients", "shown_copies", "readable_text", "shown_outcomes", "shown_answer",
    )  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[OutboundEmail]", search_term: str
    ) -> tuple["QuerySet[OutboundEmail]", bool]:
        term = search_term.strip()
        return (queryset.filter(pk__in=find_mails(OUTBOUND, queryset, term)) if term else queryset), False

    def visible(self, user: User | AnonymousUser) -> QuerySet[OutboundEmail]:
        return visible_outbound(user).defer("html", "headers", "files")

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tickets.change_outboundemail")

    def makes_sense(self, action: str, row: Any) -> bool:
        return row.state not in WORK_LEFT and row.has_unreached

    @admin.action(description=_("Send again"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: "QuerySet[OutboundEmail]") -> None:
        if refuse_too_many(request, queryset.count()):
            return
        actor: Any = request.user
        at = time_of_record.now()
        show_outcome(
            request, apply_to_each(queryset, lambda mail: send_again(outbound=mail, actor=actor, at=at))
        )

    @display(description=pgettext_lazy("mail", "to"))
    def shown_recipients(self, mail: OutboundEmail) -> str:
        return listed(mail.recipients)

    @display(description=_("copies"))
    def shown_copies(self, mail: OutboundEmail) -> str:
        return listed(mail.copies) or "-"

    @display(description=_("ticket"))
    def ticket_number(self, mail: OutboundEmail) -> str:
        return ticket_link(mail.ticket_id)

    @display(description=_("state"), label=labels.OUTBOX)
    def shown_state(self, mail: OutboundEmail) -> tuple[str, str]:
        return mail.state, mail.get_state_display()

    @display(description=_("server response"))
    def short_answer(self, mail: OutboundEmail) -> str:
        return mail.answer[:80] or "-"

    @display(description=_("server response"))
    def shown_answer(self, mail: OutboundEmail) -> str:
        return as_written(mail.answer)

    @display(description=_("state per recipient"))
    def shown_outcomes(self, mail: OutboundEmail) -> str:
        """A line for each recipient."""
        return as_written(
            "\n".join(
                labelled(each.address, noted(each.label, each.status)) for each in mail.recipient_outcomes
            )
        )

    @display(description=_("text"))
    def readable_text(self, mail: OutboundEmail) -> str:
        return as_written(SIGNED_LINK.sub(r"/\1/…", mail.text))
