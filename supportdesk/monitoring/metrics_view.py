"""The desk's metrics for Prometheus, protected by a token."""

from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from customers import time_of_record
from supportdesk.monitoring.metrics import registry_at


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics. 404 without METRICS_TOKEN; 401 for a request without `Authorization: Bearer` and that token."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not shows_token(request):
        refusal = {"WWW-Authenticate": "Bearer"}
        return HttpResponse("Unauthorized\n", status=401, headers=refusal, content_type="text/plain")
    encode, content_type = encoder_for(request.headers.get("Accept", ""))
    try:
        return HttpResponse(encode(registry_at(time_of_record.now())), content_type=content_type)
    except (DatabaseError, InterfaceError):
        return HttpResponse("The database cannot be asked.\n", status=503, content_type="text/plain")


def encoder_for(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    """The encoder and its content type: OpenMetrics if the client accepts it, as Prometheus does, else plain text."""
    try:
        return choose_encoder(accept)
    except TypeError:  # the library cannot compare a version that is not a number
        return choose_encoder("")


def shows_token(request: HttpRequest) -> bool:
    """True if a token is configured and the request carries it."""
    scheme, _space, shown = request.headers.get("Authorization", "").partition(" ")
    if not settings.METRICS_TOKEN or scheme.lower() != "bearer":
        return False
    return constant_time_compare(shown.strip(), settings.METRICS_TOKEN)
