"""The admin of email rules. Its page tries a rule on last week's mail before it is saved, and records each change."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from customers import time_of_record
from customers.access import sees_all
from customers.admin.base import RowAccessAdmin
from customers.phrases import clauses, labelled, listed
from tickets.access import visible_inbound, visible_rules
from tickets.choices import FileKind, Priority, RulePriority
from tickets.models import Rule
from tickets.triage.dry_run import try_on_last_week


class RuleForm(forms.ModelForm):
    """Refuses an owner for everybody's mail by somebody who does not see everybody: it would bring them the tickets."""

    reader: User | AnonymousUser = AnonymousUser()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("owner") and cleaned.get("customer") is None and not sees_all(self.reader):
            self.add_error("customer", _("Name one of your customers, for whose tickets the owner is meant."))
        return cleaned


@admin.register(Rule)
class RuleAdmin(RowAccessAdmin):
    form = RuleForm
    change_form_outer_after_template = "admin/tickets/rule_form.html"
    list_display = ("position", "shown_name", "is_active", "looks_for", "does", "wrong")
    list_display_links = ("shown_name",)
    list_filter = ("is_active", "how")
    list_select_related = ("mailbox", "customer", "owner")
    search_fields = ("name", "words", "more_words", "sender")
    sortable_by = ("position", "shown_name")
    autocomplete_fields = ("customer",)
    fieldsets = (
        (None, {"fields": (("name", "position"), "is_active")}),
        (
            _("Applies to an email if all of this is true"),
            {
                "fields": (
                    ("mailbox", "sender"), ("customer", "customer_scenario"), "words", ("more_words", "not_within"),
                    "only_now", ("header", "header_value"), ("file_kind", "is_important"),
                )
            },
        ),
        (_("What it does"), {"fields": (("priority", "how"), ("owner", "scenario"), "tags", "parks")}),
    )  # fmt: skip

    def visible(self, user: User | AnonymousUser) -> "QuerySet[Rule]":
        return visible_rules(user)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs.setdefault("form", type("RuleForm", (RuleForm,), {"reader": request.user}))
        return super().get_form(request, obj, change, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tickets name the rules that applied to them: a rule is switched off instead."""
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.try_view)
        own: list[URLPattern] = [path("try/", view, name="tickets_rule_try")]
        return [*own, *super().get_urls()]

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Try the rule as it stands in the form, which is not saved; only on mail that the reader may see."""
        if not (self.has_change_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        saved = self._saved(request)
        form = self.get_form(request, saved, change=saved is not None)(request.POST, instance=saved)
        context: dict[str, Any] = {"form": form}
        if form.is_valid():
            rule = form.save(commit=False)
            context["run"] = try_on_last_week(rule, visible_inbound(request.user), now=time_of_record.now())
        return TemplateResponse(request, "admin/tickets/rule_tried.html", context)

    def _saved(self, request: HttpRequest) -> Rule | None:
        """The rule of the name in the form; None if there is none that the reader may see."""
        named = Rule.objects.filter(name=request.POST.get("name", "")).first()
        return named if named is not None and self.visible(request.user).contains(named) else None

    def construct_change_message(
        self, request: HttpRequest, form: forms.ModelForm, formsets: Any, add: bool = False
    ) -> Any:
        """Record the values before and after, not only the names of the fields."""
        message = super().construct_change_message(request, form, formsets, add)
        if add or not form.changed_data:
            return message
        after = model_to_dict(form.instance, form.changed_data)
        return [{"changed": {"fields": [_changed(form, name, after[name]) for name in form.changed_data]}}]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Rule]":
        rows: QuerySet[Rule] = super().get_queryset(request)
        decided = Count("proposals", filter=Q(proposals__decided_at__isnull=False))
        return rows.annotate(
            decided=decided, rejected=Count("proposals", filter=Q(proposals__is_confirmed=False))
        )

    @display(description=_("name"), ordering="name")
    def shown_name(self, rule: Rule) -> str:
        return str(rule)

    @display(description=_("wrong proposals"))
    def wrong(self, rule: Any) -> str:
        """The share of its proposals that people have rejected."""
        if not rule.decided:
            return "-"
        words = {
            "rejected": rule.rejected,
            "decided": rule.decided,
            "percent": rule.rejected * 100 // rule.decided,
        }
        return gettext("%(rejected)s of %(decided)s (%(percent)s%%)") % words

    @display(description=_("applies to"))
    def looks_for(self, rule: Rule) -> str:
        kind = FileKind(rule.file_kind).label if rule.file_kind else ""
        header = labelled(rule.header, rule.header_value) if rule.header_value else rule.header
        conditions = (
            rule.mailbox, rule.sender, rule.customer, rule.get_customer_scenario_display(),
            _start_of(rule.words), _start_of(rule.more_words), header, kind,
            _("marked as important") if rule.is_important else "",
        )  # fmt: skip
        return clauses(part for part in conditions if part)

    @display(description=_("does"))
    def does(self, rule: Rule) -> str:
        priority = ""
        if rule.priority is not None:
            code = f"P{Priority(rule.priority).value}"
            is_set = rule.how == RulePriority.SET
            priority = str((_("sets %(code)s") if is_set else _("proposes %(code)s")) % {"code": code})
        outcomes = (
            priority, rule.owner or "", rule.get_scenario_display(),
            labelled(gettext("tags"), rule.tags) if rule.tags else "", _("holds the email") if rule.parks else "",
        )  # fmt: skip
        return clauses(part for part in outcomes if part)


def _start_of(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return listed([*lines[:3], "…"] if len(lines) > 3 else lines)


def _changed(form: forms.ModelForm, name: str, after: object) -> str:
    return f"{name} ({form.initial.get(name)!s} → {after!s})"
