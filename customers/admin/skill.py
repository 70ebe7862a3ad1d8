"""Skills, matched with a customer's scenario by their code."""

from django.contrib import admin

from customers.admin.base import DeskAdmin
from customers.models import Skill


@admin.register(Skill)
class SkillAdmin(DeskAdmin):
    list_display = ("name", "code")
    search_fields = ("name", "code")
    prepopulated_fields = {"code": ("name",)}
