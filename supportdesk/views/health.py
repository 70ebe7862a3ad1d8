"""Signs of life for machines."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from supportdesk.findings import Finding
from supportdesk.health import health


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when promises are enforced and mail flows, else 503 with the reasons."""
    report = health(now=timezone.now())
    return JsonResponse(
        {
            "status": "ok" if report.ok else "unwell",
            "problems": [_as_json(finding) for finding in report.problems],
            "warnings": [_as_json(finding) for finding in report.warnings],
        },
        status=200 if report.ok else 503,
        json_dumps_params={"ensure_ascii": False},
    )


def _as_json(finding: Finding) -> dict[str, str]:
    return {"check": finding.check.value, "text": finding.text}


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers; the database is not asked."""
    return HttpResponse("alive\n", content_type="text/plain")
