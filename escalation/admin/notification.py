"""Notifications: who was told what, and how far the mail got."""

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from customers.admin.base import ReadOnlyAdmin, RowAccessAdmin
from customers.admin.fields import person
from escalation.access import visible_notifications
from escalation.models import Notification
from tickets.admin.labels import OUTBOX
from tickets.admin.shown import ticket_link


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin, RowAccessAdmin):
    list_display = ("created_at", "told", "kind", "number", "mail_state")
    list_filter = (("kind", ChoicesDropdownFilter), ("created_at", RangeDateTimeFilter))
    list_select_related = ("recipient", "mail")
    search_fields = ("recipient__username", "recipient__first_name", "recipient__last_name")
    sortable_by = ("created_at",)
    fields = (("told", "kind"), ("number", "mail"), "created_at")
    readonly_fields = ("told", "number")

    def visible(self, user: User | AnonymousUser) -> QuerySet[Notification]:
        return visible_notifications(user)

    @display(description=_("recipient"))
    def told(self, notification: Notification) -> str:
        return person(notification.recipient)

    @display(description=_("ticket"))
    def number(self, notification: Notification) -> str:
        return ticket_link(notification.ticket_id)

    @display(description=_("mail"), label=OUTBOX)
    def mail_state(self, notification: Notification) -> tuple[str, str] | None:
        mail = notification.mail
        return (mail.state, mail.get_state_display()) if mail else None
