"""The pages that export and erase the personal data of a contact or customer; both ask who it is first."""

from __future__ import annotations

from collections.abc import Callable
from tempfile import TemporaryFile
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from customers import time_of_record
from customers.access import visible_contacts, visible_customers
from customers.models import Contact, Customer
from supportdesk.accounts.pages.dangerous_pages import ask_for_proof
from supportdesk.accounts.pages.desk_look import look_like_the_desk
from supportdesk.accounts.recent_proof import TO_OPEN, TO_SAVE, has_proved_lately
from supportdesk.models import ErasedKind, ErasureRequest
from supportdesk.personal_data.erasing import MAY_ERASE, begin_erasure
from supportdesk.personal_data.exporting import MAY_EXPORT, export_personal_data
from supportdesk.personal_data.preview import ErasurePreview, preview_erasure
from supportdesk.personal_data.subjects import Subject
from tickets.errors import DeskError

Act = Callable[[HttpRequest, Subject, Any, dict[str, Any]], HttpResponseBase]


class ErasureForm(forms.Form):
    requested_by = forms.ChoiceField(label=gettext_lazy("Asked for by"), choices=ErasureRequest.choices)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("It is kept: write it without names, addresses and numbers."),
    )
    though_open = forms.BooleanField(label=gettext_lazy("Erase although tickets are open"), required=False)
    is_sure = forms.BooleanField(label=gettext_lazy("I know that this cannot be undone"))

    @classmethod
    def for_preview(cls, preview: ErasurePreview, data: Any) -> ErasureForm:
        form = cls(data)
        if not preview.open_tickets:
            del form.fields["though_open"]
        look_like_the_desk(form)
        return form


def personal_data_links(request: HttpRequest, row: Contact | Customer) -> list[tuple[str, Any]]:
    """The links of a contact's or customer's page that its reader may follow."""
    subject, user = Subject.of(row), request.user
    offered = ((MAY_EXPORT, "export", _("Export personal data")), (MAY_ERASE, "erase", _("Erase…")))
    return [
        (reverse("admin:personal_data", args=[subject.kind, subject.number, act]), title)
        for right, act, title in offered
        if user.has_perm(right)
    ]


def personal_data(
    request: HttpRequest, kind: str, number: int, act: str, site_context: dict[str, Any]
) -> HttpResponseBase:
    if kind not in ErasedKind.values or act not in ACTS:
        raise Http404
    right, perform = ACTS[act]
    if not request.user.has_perm(right):
        raise PermissionDenied
    subject = Subject(ErasedKind(kind), number)
    visible: Any = visible_contacts if subject.kind == ErasedKind.CONTACT else visible_customers
    row = visible(request.user).filter(pk=number).first()
    if row is None:
        raise Http404
    within = TO_SAVE if request.method == "POST" else TO_OPEN
    if not has_proved_lately(request.session, at=time_of_record.now(), within=within):
        return ask_for_proof(request)
    return perform(
        request, subject, row, {**site_context, "row": row, "subject": subject, "back": _page(subject)}
    )


def _export(request: HttpRequest, subject: Subject, row: Any, context: dict[str, Any]) -> HttpResponseBase:
    if request.method != "POST":
        context |= {"title": _("Export personal data"), "preview": preview_erasure(subject)}
        return TemplateResponse(request, "supportdesk/personal_data/export.html", context)
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    actor = cast(User, request.user)
    export_personal_data(subject=subject, actor=actor, at=time_of_record.now(), target=file)
    file.seek(0)
    name = f"{subject.kind}-{subject.number}.zip"
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    response.headers["Cache-Control"] = "no-store"
    return response


def _erase(request: HttpRequest, subject: Subject, row: Any, context: dict[str, Any]) -> HttpResponse:
    preview = preview_erasure(subject)
    form = ErasureForm.for_preview(preview, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            begin_erasure(
                subject=subject,
                actor=cast(User, request.user),
                at=time_of_record.now(),
                requested_by=ErasureRequest(form.cleaned_data["requested_by"]),
                reason=form.cleaned_data["reason"],
                though_open=form.cleaned_data.get("though_open", False),
            )
        except DeskError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, _("The address book is empty. The rest is being erased and is gone in some minutes.")
            )
            return HttpResponseRedirect(_page(subject))
    title = pgettext("personal data", "Erase %(name)s") % {"name": row}
    context |= {"title": title, "preview": preview, "form": form}
    return TemplateResponse(request, "supportdesk/personal_data/erase.html", context)


def _page(subject: Subject) -> str:
    return reverse(f"admin:customers_{subject.kind}_change", args=[subject.number])


ACTS: dict[str, tuple[str, Act]] = {"export": (MAY_EXPORT, _export), "erase": (MAY_ERASE, _erase)}
