"""Service plans."""

from django.contrib import admin

from customers.admin.base import DeskAdmin
from customers.models import ServicePlan


@admin.register(ServicePlan)
class ServicePlanAdmin(DeskAdmin):
    list_display = ("name", "code", "is_default", "description")
    search_fields = ("name", "code")
    prepopulated_fields = {"code": ("name",)}
