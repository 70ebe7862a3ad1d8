"""Raw mail as it arrived: what is parked or failed and why, with actions to release it or process it again."""

from collections.abc import Callable
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

from customers import time_of_record
from customers.admin.base import ReadOnlyAdmin, RowAccessAdmin
from customers.phrases import listed
from customers.times import moment
from tickets.access import MAY_RELEASE, visible_inbound
from tickets.admin import labels
from tickets.admin.apply_to_each import apply_to_each, refuse_too_many, show_outcome
from tickets.admin.display import as_written, mail_link, ticket_link
from tickets.admin.page_actions import PageActions
from tickets.authentication_text import authentication_in_words
from tickets.choices import IntakeState
from tickets.erased_text import erased_in_words
from tickets.errors import DeskError
from tickets.mail_note_text import notes_in_words
from tickets.models import InboundEmail
from tickets.search.mails import INBOUND, find_mails
from tickets.services.intake import dismiss, process_again, release_parked
from tickets.services.intake.erased_mail import erased_message_of, is_erased
from tickets.sign_text import sign_in_words

Service = Callable[..., InboundEmail]
# The states in which each action makes sense.
FITTING = {
    "release": (IntakeState.PARKED, IntakeState.DISMISSED),
    "process_again": (IntakeState.FAILED,),
    "dismiss": (IntakeState.PARKED, IntakeState.FAILED),
}


def last_line(error: str) -> str:
    return error.strip().rpartition("\n")[2][:120]


def refuse_failed(mail: InboundEmail) -> None:
    """Process the mail again. If it fails again, raise DeskError with its error, so that the page shows it at once."""
    if mail.state == IntakeState.FAILED:
        raise DeskError(_("It failed again: %(error)s") % {"error": last_line(mail.error)})


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
    list_select_related = ("mailbox", "copy_of")
    search_fields = ("sender", "subject", "rfc_message_id", "reason")
    sortable_by = ("received_at",)
    actions = ("release", "process_again", "dismiss")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("sender", "state"),
                    "subject",
                    "reason",
                    "shown_signs",
                    "shown_notes",
                    "shown_authentication",
                    "shown_error",
                    "number",
                    "first_copy",
                )
            },
        ),
        (
            _("Source"),
            {
                "fields": (
                    ("mailbox", "via"),
                    ("received_at", "receipt", "stored_at"),
                    ("envelope_from", "shown_recipients"),
                    ("shown_size", "attempts", "retry_at"),
                    "rfc_message_id",
                )
            },
        ),
    )
    readonly_fields = (
        "erasure", "shown_signs", "shown_notes", "shown_authentication", "shown_error", "number", "first_copy",
        "shown_recipients", "shown_size",
    )  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[InboundEmail]", search_term: str
    ) -> tuple["QuerySet[InboundEmail]", bool]:
        term = search_term.strip()
        return (queryset.filter(pk__in=find_mails(INBOUND, queryset, term)) if term else queryset), False

    def visible(self, user: User | AnonymousUser) -> QuerySet[InboundEmail]:
        return visible_inbound(user).defer("raw", "copy_of__raw")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not is_erased(obj):
            return fieldsets
        return [(None, {"fields": ("erasure",)}), *fieldsets]

    def has_release_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_RELEASE)

    def makes_sense(self, action: str, row: Any) -> bool:
        return row.state in FITTING.get(action, ())

    @admin.action(description=_("Turn into a ticket"), permissions=["release"])
    def release(self, request: HttpRequest, queryset: "QuerySet[InboundEmail]") -> None:
        self._through(release_parked, request, queryset)

    @admin.action(description=_("Process again"), permissions=["release"])
    def process_again(self, request: HttpRequest, queryset: "QuerySet[InboundEmail]") -> None:
        self._through(process_again, request, queryset)

    @admin.action(description=_("Nothing to do"), permissions=["release"])
    def dismiss(self, request: HttpRequest, queryset: "QuerySet[InboundEmail]") -> None:
        self._through(dismiss, request, queryset)

    def _through(self, service: Service, request: HttpRequest, queryset: "QuerySet[InboundEmail]") -> None:
        if refuse_too_many(request, queryset.count()):
            return
        actor: Any = request.user
        at = time_of_record.now()
        show_outcome(
            request,
            apply_to_each(queryset, lambda mail: refuse_failed(service(inbound=mail, actor=actor, at=at))),
        )

    def links(self, request: HttpRequest, mail: Any) -> list[tuple[str, Any]]:
        if is_erased(mail):
            return []
        return [(reverse("tickets:original", args=[mail.pk]), _("Download the original"))]

    @display(description=_("text"))
    def erasure(self, mail: InboundEmail) -> str:
        erased = erased_message_of(mail)
        return erased_in_words(erased) if erased is not None else "-"

    @display(description=_("checks of the sender"))
    def shown_authentication(self, mail: InboundEmail) -> str:
        return authentication_in_words(mail.authentication) or "-"

    @display(description=_("state"), label=labels.INTAKE)
    def shown_state(self, mail: InboundEmail) -> tuple[str, str]:
        return mail.state, mail.get_state_display()

    @display(description=_("reason"))
    def why(self, mail: InboundEmail) -> str:
        if mail.retry_at is not None:
            words = {"error": last_line(mail.error), "time": moment(mail.retry_at)}
            return _("%(error)s Next try %(time)s.") % words
        return mail.reason or last_line(mail.error) or "-"

    @display(description=_("signs of a machine"))
    def shown_signs(self, mail: InboundEmail) -> str:
        return listed(sign_in_words(sign) for sign in mail.signs) or "-"

    @display(description=_("remarks on reading it"))
    def shown_notes(self, mail: InboundEmail) -> str:
        return " ".join(notes_in_words(mail.notes)) or "-"

    @display(description=_("error"))
    def shown_error(self, mail: InboundEmail) -> str:
        return as_written(mail.error)

    @display(description=_("ticket"))
    def number(self, mail: InboundEmail) -> str:
        return ticket_link(mail.ticket_id)

    @display(description=_("copy of"))
    def first_copy(self, mail: InboundEmail) -> str:
        return mail_link(mail.copy_of)

    @display(description=_("envelope recipients"))
    def shown_recipients(self, mail: InboundEmail) -> str:
        return listed(mail.envelope_to) or "-"

    @display(description=_("size"))
    def shown_size(self, mail: InboundEmail) -> str:
        return filesizeformat(mail.size)
