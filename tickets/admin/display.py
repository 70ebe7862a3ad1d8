"""Shows a text as it was written, and a link to a ticket."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tickets.models.ticket import ticket_number


def as_written(text: str) -> str:
    """Escaped, with its line breaks, wrapped to the page."""
    return (
        format_html('<div class="break-words" style="white-space: pre-wrap">{}</div>', text) if text else "-"
    )


def ticket_link(pk: int | None) -> SafeString | str:
    if pk is None:
        return "-"
    url = reverse("admin:tickets_ticket_change", args=[pk])
    link = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
    return format_html(link, url, ticket_number(pk))
