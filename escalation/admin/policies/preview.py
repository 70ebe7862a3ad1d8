"""The preview on the pages of policies and contracts: due times under the form's present, unsaved values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from customers import time_of_record
from customers.access import visible_customers
from customers.admin.base import DeskAdmin
from customers.choices import validate_zone
from customers.phrases import labelled
from escalation.policies.editing import Window
from escalation.policies.preview import preview_rows
from tickets.choices import Priority
from tickets.errors import DeskError

FARTHEST = timedelta(days=3660)


@dataclass(frozen=True)
class PreviewTerms:
    """The previewed windows, the zone to show besides the reader's, and a line that describes the windows.

    ``notes`` are sentences on why they differ from the form; ``assured`` is a sentence that they do not.
    """

    windows: Sequence[Window]
    zone: str = ""
    about: str = ""
    notes: Sequence[str] = ()
    assured: str = ""


class MomentForm(forms.Form):
    """The arrival time of the sample message, in the reader's zone; now by default."""

    preview_at = forms.DateTimeField(label=gettext_lazy("Arriving at"), required=False)
    preview_zone = forms.CharField(
        label=gettext_lazy("time zone"), required=False, validators=[validate_zone]
    )

    def clean_preview_at(self) -> datetime:
        now = time_of_record.now()
        moment: datetime = self.cleaned_data["preview_at"] or now
        if abs(moment - now) > FARTHEST:
            raise forms.ValidationError(_("Choose a moment within ten years of today."))
        return moment


class PreviewPage(DeskAdmin):
    """Adds the preview panel and its URL to an admin class; the subclass returns the terms of its form."""

    change_form_outer_after_template = "escalation/preview/panel.html"
    offers_zones = False
    preview_intro: Any = gettext_lazy("When a message would be due, by the form above; nothing is saved.")

    def terms_of(self, request: HttpRequest, row: Any, *, at: datetime, zone: str) -> PreviewTerms:
        """The terms of the posted form at ``at`` (UTC). Raises DeskError with one sentence per line."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view(self.preview_view), f"{self._path}_preview"
        urls = [path("preview/", view, name=name), path("<int:object_id>/preview/", view, name=name)]
        return [*urls, *super().get_urls()]

    @property
    def _path(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        args = [object_id] if object_id and object_id.isascii() and object_id.isdigit() else []
        context = {
            "preview_url": reverse(f"admin:{self._path}_preview", args=args),
            "preview_intro": self.preview_intro,
            "preview_zones": _zones(request) if self.offers_zones else [],
            **(extra_context or {}),
        }
        return super().changeform_view(request, object_id, form_url, context)

    @method_decorator(require_POST)
    @method_decorator(transaction.atomic)  # a form may need locks; nothing is written
    def preview_view(self, request: HttpRequest, object_id: int | None = None) -> HttpResponse:
        """Render the preview; 404 for a row that the reader may not see."""
        row = get_object_or_404(self.get_queryset(request), pk=object_id) if object_id else None
        is_allowed = self.has_view_permission(request, row) if row else self.has_add_permission(request)
        if not is_allowed:
            raise PermissionDenied
        try:
            result = self._found(request, row)
        except DeskError as error:
            result = {"faults": str(error).splitlines()}
        context = {"now": time_of_record.now(), "priorities": Priority, **result}
        return TemplateResponse(request, "escalation/preview/table.html", context)

    def _found(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        moment = MomentForm(request.POST)
        refuse(sentences(moment))
        at, zone = moment.cleaned_data["preview_at"], moment.cleaned_data["preview_zone"]
        terms = self.terms_of(request, row, at=at, zone=zone)
        return {"terms": terms, "at": at, "rows": preview_rows(terms.windows, at=at)}

    def may_write(self, request: HttpRequest, row: Any) -> bool:
        return self.has_change_permission(request, row) if row else self.has_add_permission(request)

    def filled_form(self, request: HttpRequest, row: Any) -> forms.ModelForm:
        """The page's form with the posted values; its choices are limited to what the reader may see."""
        form: forms.ModelForm = self.get_form(request, row, change=row is not None)(
            request.POST, instance=row
        )
        return form


def refuse(faults: Sequence[str]) -> None:
    if faults:
        raise DeskError("\n".join(faults))


def sentences(form: forms.BaseForm) -> list[str]:
    """The errors of a form, one sentence per field."""
    return [_sentence(form, name, str(errors[0])) for name, errors in form.errors.items()]


def _sentence(form: forms.BaseForm, name: str, error: str) -> str:
    return labelled(form[name].label, error) if name in form.fields else error


def _zones(request: HttpRequest) -> list[str]:
    customers = visible_customers(request.user).filter(is_active=True)
    return list(customers.order_by("time_zone").values_list("time_zone", flat=True).distinct()[:100])
