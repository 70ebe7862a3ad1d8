"""The operations page, which shows operators whether the desk works."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from customers import time_of_record
from customers.access import sees_all
from supportdesk.monitoring.operations import VIEW, operations


def operations_page(request: HttpRequest, site_context: dict[str, Any]) -> HttpResponse:
    """The page. Only readers who may see all tickets see their names; the others see how many there are."""
    user = cast(User, request.user)
    if not user.has_perm(VIEW):
        raise PermissionDenied
    now = time_of_record.now()
    context = {
        **site_context,
        "title": _("System status"),
        "now": now,
        "desk": operations(now=now),
        "names_tickets": sees_all(user) and user.has_perm("tickets.view_ticket"),
    }
    return TemplateResponse(request, "supportdesk/operations.html", context)
