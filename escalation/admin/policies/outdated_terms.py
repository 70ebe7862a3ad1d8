"""Running promises under older versions of a policy: their number, and a page to compare and re-target them."""

import re
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from customers import time_of_record
from escalation.access import visible_clocks
from escalation.admin.policies.coverage_warning import DutyCoverage
from escalation.clocks.outdated_terms import (
    RetargetResult,
    compare,
    outdated_clocks,
    retarget_all,
    version_in_force,
)
from escalation.models import Policy, PolicyVersion
from escalation.models.clock import ClockQuerySet

PER_PAGE = 50
SHOWN = ("ticket__customer", "policy_version__policy", "calendar", "contract")
NOTHING = RetargetResult(0, ())
NUMBER = re.compile(r"[0-9]{1,18}")


class RetargetForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=300)

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if not reason:
            raise forms.ValidationError(_("Give a reason: it is recorded in the ledger."))
        return reason


class OutdatedPromises(DutyCoverage):
    """Adds the number and the page to the policy admin."""

    change_form_outer_before_template = "escalation/outdated/count.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.outdated_view)
        return [path("<int:object_id>/older/", view, name="escalation_policy_outdated"), *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = {**_count(request, object_id), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def outdated_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """List the promises that the reader may see; re-targeting needs the right to change the policy."""
        policy = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_view_permission(request, policy):
            raise PermissionDenied
        version = version_in_force(policy)
        if version is None:
            raise Http404
        clocks = _outdated(request, version)
        if request.method != "POST":
            return self._page(request, policy, version, clocks)
        if not self.has_change_permission(request, policy):
            raise PermissionDenied
        return self._retarget(request, policy, version, clocks)

    def _retarget(
        self, request: HttpRequest, policy: Policy, version: PolicyVersion, clocks: ClockQuerySet
    ) -> HttpResponse:
        form, actor = RetargetForm(request.POST), cast(User, request.user)
        chosen = list(clocks.filter(pk__in=_numbers(request)).select_related(*SHOWN))
        if form.is_valid() and not chosen:
            form.add_error(None, _("Choose at least one SLA that is still running under older terms."))
        if not form.is_valid():
            return self._page(request, policy, version, clocks, form=form)
        reason = form.cleaned_data["reason"]
        result = retarget_all(chosen, version=version, actor=actor, at=time_of_record.now(), reason=reason)
        if result.done:
            messages.success(request, _done(result.done))
        if result.refused:
            return self._page(request, policy, version, clocks, form=form, result=result)
        return HttpResponseRedirect(reverse("admin:escalation_policy_outdated", args=[policy.pk]))

    def _page(
        self,
        request: HttpRequest,
        policy: Policy,
        version: PolicyVersion,
        clocks: ClockQuerySet,
        *,
        form: RetargetForm | None = None,
        result: RetargetResult = NOTHING,
    ) -> HttpResponse:
        page = Paginator(clocks.select_related(*SHOWN), PER_PAGE).get_page(request.GET.get("page"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": policy,
            "title": _("SLAs running under older versions"),
            "is_fullwidth": "1",
            "version": version,
            "page": page,
            "rows": compare(version, page.object_list),
            "form": form,
            "chosen": _numbers(request),
            "refused": result.refused,
            "may_retarget": self.has_change_permission(request, policy),
            "now": time_of_record.now(),
        }
        return TemplateResponse(request, "escalation/outdated/page.html", context)


def _outdated(request: HttpRequest, version: PolicyVersion) -> ClockQuerySet:
    visible: Any = visible_clocks(request.user)
    return outdated_clocks(version, visible)


def _numbers(request: HttpRequest) -> set[int]:
    """The keys of the ticked promises."""
    return {int(value) for value in request.POST.getlist("clock")[:PER_PAGE] if NUMBER.fullmatch(value)}


def _count(request: HttpRequest, object_id: str | None) -> dict[str, Any]:
    """The number of outdated promises. Two queries on a policy's page."""
    if not object_id or not object_id.isascii() or not object_id.isdigit():
        return {}
    version = version_in_force(Policy(pk=int(object_id)))
    return {"outdated_promises": _outdated(request, version).count() if version is not None else 0}


def _done(count: int) -> str:
    return ngettext(
        "%(count)s SLA now follows the version in force.",
        "%(count)s SLAs now follow the version in force.",
        count,
    ) % {"count": count}
