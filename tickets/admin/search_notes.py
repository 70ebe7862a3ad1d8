"""Shows on a list what its search left out."""

from django.contrib import messages
from django.http import HttpRequest

from tickets.search.finding import FoundTickets
from tickets.search.notes import search_notes


def show_notes(request: HttpRequest, found: FoundTickets) -> None:
    """Only on a list: choosers and the command search ask the same admin, and a later page would show the message."""
    match = request.resolver_match
    if match is not None and (match.url_name or "").endswith("_changelist"):
        for note in search_notes(found):
            messages.info(request, note)
