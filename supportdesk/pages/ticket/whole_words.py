"""Pages beside the ticket page: the whole text of a long message, and the messages before the last hundred."""

from django.contrib.admin import AdminSite
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from customers import time_of_record
from supportdesk.pages.ticket.page import MOST_MESSAGES
from supportdesk.pages.ticket.shown_words import add_words, messages_to_show, part_of
from tickets.errors import DeskError
from tickets.models import Message, Ticket
from tickets.models.ticket import TicketQuerySet


def message_text(request: HttpRequest, pk: int, *, site: AdminSite, visible: TicketQuerySet) -> HttpResponse:
    """A part of the text of a message; of one that the reader may not see, or that is erased, there is none."""
    message = get_object_or_404(Message.objects.filter(ticket__in=visible, erased_at=None), pk=pk)
    number = request.GET.get("part", "1")[:9]
    try:
        part = part_of(message, int(number) if number.isascii() and number.isdigit() else 0)
    except DeskError as error:
        raise Http404 from error
    context = {"message": message, "part": part, "title": _("Message"), "now": time_of_record.now()}
    return TemplateResponse(
        request, "supportdesk/ticket/message_text.html", {**site.each_context(request), **context}
    )


def older_messages(request: HttpRequest, ticket: Ticket, *, site: AdminSite) -> HttpResponse:
    """The messages that the ticket page leaves out, in pages, the newest page first. Nothing is done here."""
    rows = messages_to_show().filter(ticket=ticket)
    newest = list(rows.order_by("-at", "-pk").values_list("pk", flat=True)[:MOST_MESSAGES])
    pages = Paginator(rows.exclude(pk__in=newest).order_by("at", "pk"), MOST_MESSAGES)
    shown = pages.get_page(request.GET.get("p", pages.num_pages))
    shown.object_list = list(shown.object_list)
    add_words(shown.object_list)
    context = {
        "page": {"ticket": ticket},
        "ticket": ticket,
        "older": shown,
        "title": ticket.number,
        "now": time_of_record.now(),
    }
    return TemplateResponse(
        request, "supportdesk/ticket/older.html", {**site.each_context(request), **context}
    )
