"""Heartbeats of the recurring tasks."""

from django.contrib import admin

from customers.admin.base import ReadOnlyAdmin
from escalation.models import Heartbeat


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ("name", "at", "detail")
