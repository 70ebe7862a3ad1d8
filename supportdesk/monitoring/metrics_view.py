"""The desk's figures for Prometheus, for whoever shows the token."""

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from supportdesk.monitoring.metrics import CONTENT_TYPE, exposition


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """No such page without METRICS_TOKEN; 401 without `Authorization: Bearer` and that token."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not shows_token(request):
        refusal = {"WWW-Authenticate": "Bearer"}
        return HttpResponse("Unauthorized\n", status=401, headers=refusal, content_type="text/plain")
    try:
        return HttpResponse(exposition(now=timezone.now()), content_type=CONTENT_TYPE)
    except (DatabaseError, InterfaceError):
        return HttpResponse("The database cannot be asked.\n", status=503, content_type="text/plain")


def shows_token(request: HttpRequest) -> bool:
    """Whether there is a token, and the request has it."""
    scheme, _space, shown = request.headers.get("Authorization", "").partition(" ")
    if not settings.METRICS_TOKEN or scheme.lower() != "bearer":
        return False
    return constant_time_compare(shown.strip(), settings.METRICS_TOKEN)
