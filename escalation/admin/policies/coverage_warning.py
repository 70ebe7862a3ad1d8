"""Warns on a policy's page about hours in which its duty rota reaches nobody."""

from typing import Any

from django.http import HttpRequest

from customers import time_of_record
from customers.admin.base import DeskAdmin
from escalation.duty.coverage_gaps import coverage_gaps, rotas_that_matter
from escalation.models import Policy


class DutyCoverage(DeskAdmin):
    """Adds the warning. Five queries on a policy's page; one if no round-the-clock promise depends on its rota."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = {**_gaps(object_id), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)


def _gaps(object_id: str | None) -> dict[str, Any]:
    if not object_id or not object_id.isascii() or not object_id.isdigit():
        return {}
    now = time_of_record.now()
    of_policy = Policy.objects.filter(pk=int(object_id)).exclude(duty_rota=None)
    rota = rotas_that_matter().filter(pk__in=of_policy.values("duty_rota")).first()
    return {"now": now, "duty_rota": rota, "duty_gaps": coverage_gaps(rota=rota, at=now)} if rota else {}
