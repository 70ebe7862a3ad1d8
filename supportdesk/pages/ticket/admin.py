"""The admin of tickets: the page of one ticket with all its actions, and the form for tickets entered by hand."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from customers import time_of_record
from customers.access import visible_contacts, visible_customers
from customers.phrases import labelled, sentences
from escalation.absences.returning import offered_to
from escalation.admin.behind_figure import BehindFigure
from escalation.clocks.lead_decisions import LEADS
from escalation.models import AbsenceMove
from supportdesk.pages.attached_mail import attached_mail, attached_mail_file, attached_mail_frame
from supportdesk.pages.explain import ExplainPage
from supportdesk.pages.ticket.actions import ACTS, ActionContext, PageAction, act_once
from supportdesk.pages.ticket.forms import WHEN, NamingForm, NewTicketForm
from supportdesk.pages.ticket.list_export import ListExport
from supportdesk.pages.ticket.newer import NewerMessage
from supportdesk.pages.ticket.opening import open_by_hand
from supportdesk.pages.ticket.page import TicketPage, ticket_page
from supportdesk.pages.ticket.promise_columns import PromiseColumn
from supportdesk.pages.ticket.together import page_news
from supportdesk.pages.ticket.whole_words import message_text, older_messages
from tickets.access import visible_tickets
from tickets.admin.ticket import TicketAdmin as TicketList
from tickets.errors import DeskError
from tickets.models import Participant, Proposal, Ticket, TicketTag
from tickets.models.ticket import TicketQuerySet
from tickets.services.erasing import MAY_ERASE
from tickets.views import attachment, mail_frame

PEOPLE = ("owner", "contact", "customer__account_manager", "customer__backup_account_manager")

admin.site.unregister(Ticket)


@admin.register(Ticket)
class TicketPageAdmin(PromiseColumn, ExplainPage, ListExport):
    list_display = (*TicketList.list_display[:-1], "received", "promise_due", "updated_at")
    list_filter: Any = (BehindFigure, *TicketList.list_filter)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own: list[URLPattern] = [
            path("<int:object_id>/act/<slug:name>/", wrap(self.act_view), name="tickets_ticket_act"),
            path("<int:object_id>/news/", wrap(self.news_view), name="tickets_ticket_news"),
            path("attachment/<int:pk>/", wrap(attachment), name="tickets_attachment"),
            path("attachment/<int:pk>/mail/", wrap(attached_mail), name="tickets_attached_mail"),
            path(
                "attachment/<int:pk>/mail/frame/",
                wrap(attached_mail_frame),
                name="tickets_attached_mail_frame",
            ),
            path(
                "attachment/<int:pk>/mail/file/", wrap(attached_mail_file), name="tickets_attached_mail_file"
            ),
            path("<int:object_id>/older/", wrap(self.older_view), name="tickets_ticket_older"),
            path("message/<int:pk>/text/", wrap(self.text_view), name="tickets_message_text"),
            path("message/<int:pk>/frame/", wrap(mail_frame), name="tickets_message_frame"),
        ]
        return [*own, *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tickets.add_ticket")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not object_id.isascii() or not object_id.isdigit():
            raise Http404
        visible = self._visible(request)
        return self._page(request, _found(visible, int(object_id)), visible)

    def _visible(self, request: HttpRequest) -> TicketQuerySet:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return visible_tickets(request.user)

    def _page(
        self,
        request: HttpRequest,
        ticket: Ticket,
        visible: TicketQuerySet,
        bound: Mapping[str, forms.Form] = MappingProxyType({}),
    ) -> HttpResponse:
        """Render the page. ``bound`` holds a rejected form, so that its text is shown again."""
        now = time_of_record.now()
        may_change = self.has_change_permission(request, ticket)
        for_lead = may_change and request.user.has_perm(LEADS)
        page = ticket_page(ticket, visible=visible, now=now, for_lead=for_lead)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": ticket,
            "title": f"{ticket.number} {ticket.subject}",
            "is_fullwidth": "1",
            "now": now,
            "page": page,
            "may_change": may_change,
            "offer": offered_to(request.user, ticket) if may_change and _is_offered(ticket) else None,
            "may_erase": request.user.has_perm(MAY_ERASE),
            "may_void": request.user.has_perm("tickets.void_response"),
            "forms": {**_blank_forms(page, now), **bound},
            "failed": next(iter(bound), ""),
        }
        if may_change and ticket.customer is None:
            context["media"] = context["forms"]["customer"].media
        return TemplateResponse(request, "supportdesk/ticket/page.html", context)

    def act_view(self, request: HttpRequest, object_id: int, name: str) -> HttpResponseBase:
        """Perform one action. On failure htmx gets only the notice, so that text and files stay in the form."""
        if name not in ACTS:
            raise Http404
        visible = self._visible(request)
        ticket, act = _found(visible, object_id), ACTS[name]
        if not request.user.has_perm(act.permission):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = act.form(request.POST, request.FILES)
        if isinstance(form, NamingForm):
            form.offer(visible_customers(request.user).filter(is_active=True))
        problem = _attempt(act, form, ticket, request)
        if problem is not None and "HX-Request" in request.headers:
            return _refusal(request, name, problem)
        if problem is not None:
            messages.error(request, str(problem))
            return self._page(request, ticket, visible, {name: _seeing(form, problem)})
        messages.success(request, str(act.done))
        return _go(request, f"{reverse('admin:tickets_ticket_change', args=[ticket.pk])}?sent={name}")

    def news_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        ticket = get_object_or_404(self._visible(request).only("pk"), pk=object_id)
        return page_news(request, ticket, self.actor(request))

    def older_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return older_messages(request, _found(self._visible(request), object_id), site=self.admin_site)

    def text_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return message_text(request, pk, site=self.admin_site, visible=self._visible(request))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        if not self.has_add_permission(request):
            raise PermissionDenied
        now = time_of_record.now()
        form = self._new_form(request, now)
        if request.method == "POST" and form.is_valid():
            try:
                ticket = open_by_hand(form.cleaned_data, actor=self.actor(request), at=now)
            except DeskError as error:
                form.add_error(None, str(error))
            else:
                return _go(request, reverse("admin:tickets_ticket_change", args=[ticket.pk]))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("New ticket"),
            "form": form,
            "media": form.media,
        }
        return TemplateResponse(request, "supportdesk/ticket/new.html", context)

    def _new_form(self, request: HttpRequest, now: datetime) -> NewTicketForm:
        return NewTicketForm(
            request.POST or None,
            label_suffix="",
            initial={"happened_at": _local(now), **request.GET.dict()},
            customers=visible_customers(request.user).filter(is_active=True),
            contacts=visible_contacts(request.user).filter(is_active=True).select_related("customer"),
        )


def _found(visible: TicketQuerySet, pk: int) -> Ticket:
    """The ticket; 404 also for one the reader may not see, so that its existence is not revealed."""
    offered = Exists(AbsenceMove.objects.offered().filter(ticket=OuterRef("pk")))
    accompanied = Exists(Participant.objects.filter(ticket=OuterRef("pk")))
    proposed = Exists(Proposal.objects.open().filter(ticket=OuterRef("pk")))
    tagged = Exists(TicketTag.objects.filter(ticket=OuterRef("pk")))
    tickets = visible.select_related(*PEOPLE).annotate(
        is_offered=offered, has_participants=accompanied, has_proposal=proposed, has_tags=tagged
    )
    return get_object_or_404(tickets, pk=pk)


def _is_offered(ticket: Ticket) -> bool:
    """True if somebody back from an absence may take the ticket back; `_found` annotated the ticket with it."""
    return bool(getattr(ticket, "is_offered", True))


def _refusal(request: HttpRequest, name: str, problem: DeskError) -> HttpResponse:
    newer = problem.messages if isinstance(problem, NewerMessage) else ()
    context = {
        "problem": str(problem),
        "newer": newer,
        "name": name,
        "then": request.POST.get("then", ""),
        "now": time_of_record.now(),
    }
    return TemplateResponse(request, "supportdesk/ticket/refused.html", context)


def _seeing(form: forms.Form, problem: DeskError) -> forms.Form:
    """The form to show again. A newer message that stopped it counts as seen from now on."""
    if isinstance(problem, NewerMessage):
        form.data = {**form.data.dict(), "seen": str(problem.messages[-1].pk)}  # type: ignore[attr-defined]
    return form


def _attempt(act: PageAction, form: forms.Form, ticket: Ticket, request: HttpRequest) -> DeskError | None:
    """Perform the act; an error that the user can correct is returned to be shown."""
    if not form.is_valid():
        return DeskError(
            sentences(labelled(form[name].label, errors[0]) for name, errors in form.errors.items())
        )
    try:
        act_once(act, ActionContext(ticket, request.user, time_of_record.now(), form.cleaned_data))  # type: ignore[arg-type]
    except DeskError as error:
        return error
    return None


def _blank_forms(page: TicketPage, now: datetime) -> dict[str, forms.Form]:
    ticket, conversation = page.ticket, page.conversation
    initial: dict[str, dict[str, object]] = {
        "reply": {"seen": conversation.newest, "copies": ", ".join(conversation.copies)},
        "contact": {"happened_at": _local(now), "reached": str(ticket.contact or "")},
        "status": {"status": ticket.status},
        "priority": {"priority": ticket.priority},
        "owner": {"owner": ticket.owner_id},
        "tags": {"tags": ", ".join(page.tags)},
    }
    return {
        name: act.form(initial=initial.get(name), auto_id=f"{name}-%s", label_suffix="")
        for name, act in ACTS.items()
    }


def _local(moment: datetime) -> str:
    return timezone.localtime(moment).strftime(WHEN)


def _go(request: HttpRequest, url: str) -> HttpResponse:
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
