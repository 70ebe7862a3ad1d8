"""Sign-ins, read-only; and the rows of allauth, which have pages of their own."""

import allauth.account.admin  # noqa: F401  # registers its own classes, which are taken back here
from allauth.account.models import EmailAddress, EmailConfirmation
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import MultipleChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from customers.admin.base import PersonFilter, ReadOnlyAdmin
from customers.names import name_of
from supportdesk.accounts.agents import agent_in_words
from supportdesk.models import SignIn

for model in (EmailAddress, EmailConfirmation):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(SignIn)
class SignInAdmin(ReadOnlyAdmin):
    list_display = ("at", "person", "shown_outcome", "method", "address", "shown_agent")
    list_filter = (
        ("outcome", MultipleChoicesDropdownFilter),
        ("user", PersonFilter),
        ("at", RangeDateTimeFilter),
    )
    search_fields = ("name", "address")
    sortable_by = ("at",)
    fields = (("at", "outcome"), ("user", "name"), ("address", "method"), ("shown_agent", "agent"), "note")
    readonly_fields = ("shown_agent",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[SignIn]":
        return super().get_queryset(request).select_related("user")

    @display(description=_("user"))
    def person(self, row: SignIn) -> str:
        return name_of(row.user) if row.user is not None else row.name

    @display(description=_("outcome"), label={"in": "success", "new password": "info"})
    def shown_outcome(self, row: SignIn) -> tuple[str, str]:
        return row.outcome, row.get_outcome_display()

    @display(description=_("device"))
    def shown_agent(self, row: SignIn) -> str:
        return agent_in_words(row.agent) or "-"
