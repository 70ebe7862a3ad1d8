"""Teams and their members."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from customers.admin.base import DeskAdmin
from customers.admin.fields import person
from customers.models import Team


@admin.register(Team)
class TeamAdmin(DeskAdmin):
    list_display = ("name", "led_by", "size")
    list_select_related = ("lead",)
    search_fields = ("name",)
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        teams: QuerySet[Team] = super().get_queryset(request)
        return teams.annotate(member_count=Count("members"))

    @display(description=_("lead"))
    def led_by(self, team: Team) -> str:
        return person(team.lead)

    @display(description=_("members"))
    def size(self, team: Team) -> int:
        count: int = team.member_count  # type: ignore[attr-defined]  # annotated above
        return count
