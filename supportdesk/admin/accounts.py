"""Sign-ins, read-only; the rules of groups, and help for who is locked out. Rows of allauth have their own pages."""

from typing import Any, ClassVar

import allauth.account.admin  # registers its own classes, which are taken back here
import allauth.mfa.admin  # likewise
import allauth.socialaccount.admin  # noqa: F401  # likewise
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.contrib.filters.admin import MultipleChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from customers.admin.base import PersonFilter, ReadOnlyAdmin
from customers.admin.users import DeskGroupAdmin, DeskUserAdmin
from customers.names import name_of
from customers.phrases import listed
from supportdesk.accounts.agents import agent_in_words
from supportdesk.accounts.second_factors import FACTORS
from supportdesk.models import SignIn, SignInOutcome, SignInRule

# What the list shows in green and in blue; the rest is red.
GOOD, PLAIN = {"in"}, {"new password", "idle", "over", "ended"}
LABELS = {
    each.value: "success" if each.value in GOOD else "info" if each.value in PLAIN else "danger"
    for each in SignInOutcome
}
OTHERS = (EmailAddress, EmailConfirmation, Authenticator, SocialAccount, SocialApp, SocialToken)
for model in (*OTHERS, User, Group):
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

    @display(description=_("outcome"), label=LABELS)
    def shown_outcome(self, row: SignIn) -> tuple[str, str]:
        return row.outcome, row.get_outcome_display()

    @display(description=_("device"))
    def shown_agent(self, row: SignIn) -> str:
        return agent_in_words(row.agent) or "-"


@admin.register(User)
class SignInUserAdmin(DeskUserAdmin):
    """As below, with the second factors of a person, and the way to remove them."""

    fieldsets: ClassVar[Any] = (
        *DeskUserAdmin.fieldsets[:2],
        (_("Sign-in and security"), {"fields": ("second_factors",)}),
        *DeskUserAdmin.fieldsets[2:],
    )
    readonly_fields: ClassVar[Any] = (*DeskUserAdmin.readonly_fields, "second_factors")

    @display(description=_("second factor"))
    def second_factors(self, user: User) -> str:
        kinds = Authenticator.objects.filter(user=user, type__in=FACTORS).values_list("type", flat=True)
        if not kinds:
            return gettext("none")
        names = {"totp": gettext("authenticator app"), "webauthn": gettext("passkey or security key")}
        page = reverse("help_locked_out", args=[user.pk])
        return format_html(
            '{} · <a class="text-primary-600" href="{}">{}</a>',
            listed(sorted({names[kind] for kind in kinds})), page, gettext("Remove, if the person is locked out"),
        )  # fmt: skip


class SignInRuleInline(StackedInline):
    model = SignInRule
    extra = 0
    max_num = 1
    fields = (("needs_second_factor",), ("idle_minutes", "session_hours"))


@admin.register(Group)
class SignInGroupAdmin(DeskGroupAdmin):
    inlines = (SignInRuleInline,)
