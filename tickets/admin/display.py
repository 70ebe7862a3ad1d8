"""Shows a text as it was written, and a link to a ticket."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tickets.models import InboundEmail
from tickets.models.ticket import ticket_number


def as_written(text: str) -> str:
    """The text escaped, with its line breaks, wrapped to the width of the page."""
    return format_html('<div class="break-words as-written">{}</div>', text) if text else "-"


def ticket_link(pk: int | None) -> SafeString | str:
    return _link("tickets_ticket_change", pk, ticket_number(pk)) if pk is not None else "-"


def mail_link(mail: InboundEmail | None) -> SafeString | str:
    return _link("tickets_inboundemail_change", mail.pk, str(mail)) if mail is not None else "-"


def _link(page: str, pk: int, words: str) -> SafeString:
    link = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
    return format_html(link, reverse(f"admin:{page}", args=[pk]), words)
