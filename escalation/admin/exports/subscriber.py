"""The admin of subscribers, who get the weekly pack by mail."""

from django.contrib import admin

from customers.admin.base import DeskAdmin
from escalation.models import ExportSubscriber


@admin.register(ExportSubscriber)
class ExportSubscriberAdmin(DeskAdmin):
    list_display = ("email", "language", "is_active")
    list_filter = ("is_active", "language")
    search_fields = ("email",)
    fields = ("email", "language", "is_active")
