"""The page behind List-Unsubscribe: only a POST ends the automatic mail, as mail scanners open every link.

Mail programs post by themselves (RFC 8058), without cookies; the signed link is what authorises them.
"""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from customers import time_of_record
from customers.names import desk_name
from customers.times import as_read_by
from supportdesk.page_headers import nonce_of
from supportdesk.pages.acknowledge_link import QUIET
from tickets.services.outgoing.unsubscribing import contact_of_link, subscribe_again, unsubscribe


@csrf_exempt
@xframe_options_deny
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show, in the contact's language, whether they get acknowledgements, and change that; 404 for a forged link."""
    contact = contact_of_link(token)
    if contact is None:
        return HttpResponse(render_to_string("404.html", nonce_of(request)), status=404, headers=QUIET)
    if request.method == "POST" and request.POST.get("act") == "again":
        subscribe_again(contact=contact)
    elif request.method == "POST":
        unsubscribe(contact=contact, at=time_of_record.now())
    with as_read_by(contact.preferred_language, contact.zone):
        context = {"contact": contact, "desk": desk_name(), **nonce_of(request)}
        page = render_to_string("supportdesk/unsubscribe.html", context)
        headers = {**QUIET, "Content-Language": translation.get_language() or ""}
    return HttpResponse(page, headers=headers)
