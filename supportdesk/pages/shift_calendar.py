"""The calendar feed of a person's shifts, for calendar programs, which cannot sign in."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from customers import time_of_record
from escalation.duty.calendar_feed import calendar_of, user_of


@never_cache
@require_safe
def duty_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The feed; every link that is not somebody's current one gets the same 404."""
    user = user_of(token)
    if user is None:
        raise Http404
    response = HttpResponse(
        calendar_of(user, at=time_of_record.now()), content_type="text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = 'inline; filename="duty.ics"'
    response["Referrer-Policy"] = "no-referrer"
    return response
