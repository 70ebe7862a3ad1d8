"""What the page of a ticket asks every few seconds: who else is here, and what was said since it was loaded."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from customers import time_of_record
from escalation.templatetags.promises import person
from supportdesk.pages.ticket.newer import newest_unseen
from tickets.models import Ticket
from tickets.services.presence import end_presence, note_presence, writes

MOST_NAMED = 6


@dataclass(frozen=True)
class PersonHere:
    """Somebody else who has the page open."""

    user: User
    is_writing: bool

    @property
    def name(self) -> str:
        return person(self.user)


def page_news(request: HttpRequest, ticket: Ticket, reader: User) -> HttpResponse:
    """Note that the reader is here, and answer with two pieces of the page, ``here`` and ``news``; 204 if both are
    empty. The page asks with ``seen``, its newest message, ``writing`` while somebody types, ``leaving`` at its end.
    """
    if "leaving" in request.GET:
        end_presence(ticket=ticket, actor=reader)
        return HttpResponse(status=204)
    now = time_of_record.now()
    rows = note_presence(ticket=ticket, actor=reader, at=now, is_writing="writing" in request.GET)
    others = [PersonHere(row.user, writes(row, now)) for row in rows[:MOST_NAMED]]
    newer = newest_unseen(ticket, seen=_key(request.GET.get("seen", "")), reader=reader)
    if not others and newer is None:
        return HttpResponse(status=204)
    here = {"others": others, "more": len(rows) - len(others)}
    return JsonResponse(
        {
            "here": render_to_string("supportdesk/ticket/here.html", here) if others else "",
            "news": render_to_string("supportdesk/ticket/news.html", {"newer": newer}) if newer else "",
        }
    )


def _key(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
