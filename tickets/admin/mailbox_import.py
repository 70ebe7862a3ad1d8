"""The page that imports mail from before a mailbox began: it shows what there is, and then asks."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminDateWidget

from customers import time_of_record
from tickets.admin.page_actions import PageActions
from tickets.errors import DeskError
from tickets.models import Mailbox
from tickets.models.mailbox import MailProtocol
from tickets.services.importing import ImportPreview, begin_import, preview_import


class ImportForm(forms.Form):
    """From which day on to import, in the reader's zone."""

    since = forms.DateField(
        label=gettext_lazy("Import email received since"),
        widget=UnfoldAdminDateWidget,
        help_text=gettext_lazy(
            "It becomes closed tickets, so that search finds it. Nothing is promised, acknowledged or notified, and "
            "the email stays on its server as it is."
        ),
    )

    def clean_since(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.cleaned_data["since"], time()))


class ImportPage(PageActions):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_view)
        own: list[URLPattern] = [path("<int:object_id>/import/", view, name="tickets_mailbox_import")]
        return [*own, *super().get_urls()]

    def links(self, request: HttpRequest, row: Any) -> list[tuple[str, Any]]:
        if (
            not row.is_polled
            or row.protocol == MailProtocol.POP3
            or not self.has_change_permission(request, row)
        ):
            return []
        return [(reverse("admin:tickets_mailbox_import", args=[row.pk]), _("Import older email"))]

    def import_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """First the preview; the import begins with a second click that repeats the day."""
        mailbox = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_change_permission(request, mailbox):
            raise PermissionDenied
        form = ImportForm(request.POST or None)
        preview = None
        if request.method == "POST" and form.is_valid():
            since: datetime = form.cleaned_data["since"]
            try:
                if "begin" in request.POST:
                    return self._begin(request, mailbox, since)
                preview = preview_import(mailbox=mailbox, since=since, at=time_of_record.now())
            except DeskError as error:
                form.add_error(None, str(error))
        return self._page(request, mailbox, form, preview)

    def _begin(self, request: HttpRequest, mailbox: Mailbox, since: datetime) -> HttpResponse:
        actor: Any = request.user
        begin_import(mailbox=mailbox, since=since, actor=actor, at=time_of_record.now())
        self.log_change(request, mailbox, [{"changed": {"fields": ["imports email received since"]}}])
        messages.success(request, _("The import begins within a minute. This page shows how far it is."))
        return HttpResponseRedirect(reverse("admin:tickets_mailbox_change", args=[mailbox.pk]))

    def _page(
        self, request: HttpRequest, mailbox: Mailbox, form: ImportForm, preview: ImportPreview | None
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": mailbox,
            "title": _("Import older email: %(address)s") % {"address": mailbox.address},
            "form": form,
            "media": self.media + form.media,
            "preview": preview,
        }
        return TemplateResponse(request, "admin/tickets/mailbox_import.html", context)
