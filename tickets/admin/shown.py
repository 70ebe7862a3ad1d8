"""How pages show a text as it was written and a link to a ticket."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tickets.models.ticket import ticket_number


def as_written(text: str) -> str:
    """Escaped, with its line breaks, wrapped to the page."""
    return format_html('<div class="whitespace-pre-wrap break-words">{}</div>', text) if text else "-"


def ticket_link(pk: int | None) -> SafeString | str:
    if pk is None:
        return "-"
    return format_html(
        '<a href="{}">{}</a>', reverse("admin:tickets_ticket_change", args=[pk]), ticket_number(pk)
    )
