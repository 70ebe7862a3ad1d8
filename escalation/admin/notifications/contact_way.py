"""The admin of contact ways. An address can be entered but is never shown again; users enter their own."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from customers import time_of_record
from customers.admin.base import RowAccessAdmin
from customers.admin.fields import person
from customers.admin.secret_field import UNREADABLE, SecretField, mark_stored, secret_to_store
from customers.encrypted_field import is_unreadable
from customers.errors import DeskError
from escalation.access import may_write_ways_of_customers, may_write_ways_of_rotas, visible_ways
from escalation.models import ContactWay
from escalation.notifications.channels.outcomes import translate_answer
from escalation.notifications.contact_ways import check_address, ensure_room, send_test
from tickets.admin.page_actions import PageActions

BLANK_KEEPS = _("Stored encrypted and never shown. Leave blank to keep the current address.")


class ContactWayForm(forms.ModelForm):
    """The admin sets ``writer``: a new contact way without rota or customer belongs to that user."""

    writer: User

    address = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=4000,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    secret = SecretField(
        _("Signing secret"),
        max_length=400,
        help_text=_("For a webhook: the receiver verifies the signature with it."),
    )

    class Meta:
        model = ContactWay
        fields = ("medium", "name", "is_active", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mark_stored(self)
        self.initial.pop("address", None)
        self.fields["address"].help_text = BLANK_KEEPS if self.instance.pk else _ADDRESS_HELP
        if is_unreadable(self.instance.address):
            self.fields["address"].help_text = UNREADABLE

    def clean_secret(self) -> str | None:
        return secret_to_store(self, "secret")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.instance.pk:
            self._choose_owner(given)
        address = given.get("address") or self.instance.address
        if is_unreadable(address):
            self._keep_unreadable()
        elif not address:
            self.add_error("address", _("Enter an address."))
        elif "medium" in given:
            self._judge(given["medium"], address)
        given["address"] = address
        return given

    def _keep_unreadable(self) -> None:
        """What nobody can read stays as it is, but only for the kind that it was checked for."""
        if "medium" in self.changed_data:
            self.add_error("address", _("Enter an address."))

    def _choose_owner(self, given: dict[str, Any]) -> None:
        rota, customer = given.get("rota"), given.get("customer")
        if rota is not None and customer is not None:
            self.add_error("customer", _("Choose a duty rota or a customer, not both."))
        self.instance.user = self.writer if rota is None and customer is None else None
        try:
            ensure_room(rota or customer or self.writer)
        except DeskError as problem:
            self.add_error(None, str(problem))

    def _judge(self, medium: str, address: str) -> None:
        try:
            self.instance.shown = check_address(medium, address).shown
        except DeskError as problem:
            self.add_error("address", str(problem))


_ADDRESS_HELP = _(
    "In Apprise notation: wecombot://key, dingtalk://token, feishu://token, slack://a/b/c, "
    "tgram://token/chat, workflow://host/id/signature for Teams, twilio://sid:token@from/to "
    "for SMS; or the https://… address of a webhook. It is stored encrypted and never shown "
    "again."
)


@admin.register(ContactWay)
class ContactWayAdmin(PageActions, RowAccessAdmin):
    form = ContactWayForm
    actions = ("send_test",)
    list_display = ("name", "owner", "medium", "shown", "is_active", "position")
    list_filter = (("medium", ChoicesDropdownFilter), "is_active")
    list_select_related = ("user", "rota", "customer")
    search_fields = (
        "name",
        "user__username",
        "user__first_name",
        "user__last_name",
        "rota__name",
        "customer__name",
    )
    sortable_by = ("name", "medium")
    autocomplete_fields = ("customer",)
    readonly_fields = ("owner", "shown")

    def visible(self, user: User | AnonymousUser) -> QuerySet[ContactWay]:
        return visible_ways(user)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if not (self.has_change_permission(request, obj) if obj else self.has_add_permission(request)):
            return ((None, {"fields": (("owner", "shown"), ("medium", "name"), ("is_active", "position"))}),)
        way = (None, {"fields": (("medium", "name"), "address", "secret", ("is_active", "position"))})
        if obj is not None:
            return ((None, {"fields": (("owner", "shown"),)}), way)
        groups = self._groups(request)
        if not groups:
            return (way,)
        return (way, (_("For a group instead of yourself"), {"fields": (groups,)}))

    def _groups(self, request: HttpRequest) -> tuple[str, ...]:
        user = request.user
        rota = ("rota",) if may_write_ways_of_rotas(user) else ()
        return (*rota, *(("customer",) if may_write_ways_of_customers(user) else ()))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.writer = cast(User, request.user)
        return form

    @admin.action(description=_("Send a test"), permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: "QuerySet[ContactWay]") -> None:
        """Send a test through one contact way at a time, as a service may take ten seconds to answer."""
        way = queryset.first()
        if way is None or len(queryset) > 1:
            messages.error(request, _("Choose one contact method at a time."))
            return
        answer = send_test(way, at=time_of_record.now())
        words = {"name": way.name, "outcome": answer.outcome.label, "answer": translate_answer(answer.text)}
        level = messages.SUCCESS if answer.is_accepted else messages.ERROR
        messages.add_message(request, level, _("%(name)s: %(outcome)s. Response: %(answer)s") % words)

    @display(description=_("belongs to"))
    def owner(self, way: ContactWay) -> str:
        return person(way.user) if way.user is not None else str(way.rota or way.customer or "")
