"""The pages that monitors poll: /healthz says whether the desk works, /alive whether the web server answers."""

from collections.abc import Sequence
from typing import Any, cast

from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from customers import time_of_record
from supportdesk.monitoring.check_results import Check, CheckResult
from supportdesk.monitoring.deadline import TooLate, short_queries, within
from supportdesk.monitoring.health import HealthReport, health, without_database
from supportdesk.monitoring.lock_holders import with_lock_warnings
from supportdesk.monitoring.metrics_view import shows_token
from supportdesk.monitoring.operations import VIEW

# Whatever hangs, the answer is there in three seconds.
SECONDS = 2.5
QUERY_SECONDS = 1.5
UNASKED = "unknown"  # while the database does not answer


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 if promises are enforced and mail flows, else 503: also while the desk is starting.

    The answer is there in three seconds, whatever hangs.

    Everybody may read the state of each check. The reasons, which name mailboxes, rotas and machines, are
    shown only with the token of /metrics or to users who may see the operations page.
    """
    try:
        report, shows_reasons = within(SECONDS, lambda: _looked(request))
    except TooLate:
        report, shows_reasons = without_database(), shows_token(request)
    answer: dict[str, Any] = {"status": _status(report), "checks": _states(report)}
    if shows_reasons:
        answer |= {"problems": _as_json(report.problems), "warnings": _as_json(report.warnings)}
    return JsonResponse(answer, status=200 if report.ok else 503, json_dumps_params={"ensure_ascii": False})


def _looked(request: HttpRequest) -> tuple[HealthReport, bool]:
    """What health finds, and whether the reasons are for this reader."""
    return _report(), shows_token(request) or _may_see_operations(request)


def _report() -> HealthReport:
    try:
        with short_queries(QUERY_SECONDS):
            now = time_of_record.now()
            report = health(now=now)
        return with_lock_warnings(report, now=now)
    except (DatabaseError, InterfaceError) as error:  # whose time it is
        return without_database(error)


def _status(report: HealthReport) -> str:
    if report.is_starting:
        return "starting"
    return "ok" if report.ok else "unwell"


def _states(report: HealthReport) -> dict[str, str]:
    warned, unwell = ({result.check for result in results} for results in (report.warnings, report.problems))
    if Check.DATABASE in unwell:
        return {check.value: "unwell" if check is Check.DATABASE else UNASKED for check in Check}
    states = {check: "warning" if check in warned else "ok" for check in Check}
    return {check.value: "unwell" if check in unwell else state for check, state in states.items()}


def _may_see_operations(request: HttpRequest) -> bool:
    """False without a database, which holds the session."""
    try:
        return cast(User, request.user).has_perm(VIEW)
    except (DatabaseError, InterfaceError):
        return False


def _as_json(findings: Sequence[CheckResult]) -> list[dict[str, str]]:
    return [{"check": finding.check.value, "text": finding.text} for finding in findings]


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers; the database is not queried."""
    return HttpResponse("alive\n", content_type="text/plain")
