"""The page of a contact, with what may be done with their personal data."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from customers.models import Contact
from supportdesk.pages.personal_data import personal_data_links
from tickets.admin.contact import TicketedContactAdmin
from tickets.admin.page_actions import PageActions

admin.site.unregister(Contact)


@admin.register(Contact)
class ContactPageAdmin(PageActions, TicketedContactAdmin):
    def makes_sense(self, action: str, row: Any) -> bool:
        return False

    def links(self, request: HttpRequest, row: Any) -> list[tuple[str, Any]]:
        return personal_data_links(request, row)
