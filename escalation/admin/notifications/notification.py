"""The admin of notifications: who was told what, their state, and every attempt to deliver them."""

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from customers.admin.base import ReadOnlyAdmin, ReadOnlyInline, RowAccessAdmin
from customers.admin.fields import person
from customers.phrases import listed
from escalation.access import visible_notifications
from escalation.choices import Medium, NotificationState
from escalation.models import Notification, NotificationAttempt
from escalation.notifications.channels.outcomes import translate_answer
from tickets.admin.display import ticket_link
from tickets.admin.labels import OUTBOX

STATES = {
    NotificationState.PENDING: "warning",
    NotificationState.SENT: "success",
    NotificationState.FAILED: "danger",
}


class AttemptInline(ReadOnlyInline):
    """Every attempt, in order."""

    model = NotificationAttempt
    verbose_name_plural = pgettext_lazy("notification", "Attempts to reach the recipient")
    fields = readonly_fields = ("at", "medium", "to", "outcome", "said", "milliseconds")

    @display(description=_("response"))
    def said(self, attempt: NotificationAttempt) -> str:
        return translate_answer(attempt.answer)


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin, RowAccessAdmin):
    list_display = ("created_at", "told", "kind", "number", "how_far", "by", "mail_state")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_select_related = ("recipient", "rota", "customer", "mail")
    search_fields = ("recipient__username", "recipient__first_name", "recipient__last_name")
    sortable_by = ("created_at",)
    fields = (
        ("told", "kind"), ("number", "state"), ("created_at", "sent_at", "next_try_at"), ("by", "mail_words"), "detail",
    )  # fmt: skip
    readonly_fields = ("told", "number", "by", "mail_words")
    inlines = (AttemptInline,)

    def visible(self, user: User | AnonymousUser) -> QuerySet[Notification]:
        return visible_notifications(user)

    @display(description=_("recipient"))
    def told(self, notification: Notification) -> str:
        if notification.recipient is not None:
            return person(notification.recipient)
        return str(notification.rota or notification.customer)

    @display(description=_("ticket"))
    def number(self, notification: Notification) -> str:
        return ticket_link(notification.ticket_id)

    @display(description=_("state"), label=STATES)
    def how_far(self, notification: Notification) -> tuple[str, str]:
        return notification.state, notification.get_state_display()

    @display(description=_("channels"))
    def by(self, notification: Notification) -> str:
        return listed(
            str(Medium(medium).label) for medium in notification.channels if medium in Medium.values
        )

    @display(description=_("email"), label=OUTBOX)
    def mail_state(self, notification: Notification) -> tuple[str, str] | None:
        mail = notification.mail
        return (mail.state, mail.get_state_display()) if mail else None

    @display(description=_("email"))
    def mail_words(self, notification: Notification) -> str:
        """The state of the mail, not its subject: a digest's subject may name a ticket that this reader may not see."""
        return str(notification.mail.get_state_display()) if notification.mail else ""
