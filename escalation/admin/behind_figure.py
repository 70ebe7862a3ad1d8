"""The filter by which a list shows the rows behind one figure of a scorecard."""

from typing import Any

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from customers import time_of_record
from escalation.lib.among_keys import AmongKeys
from escalation.scorecards.behind import PARAMETER, FigureUnknown, address_title, keys_behind, parse_address


class BehindFigure(DropdownFilter):
    """Stands among the filters only while it is used. 404 for what the reader may not read."""

    title = _("scorecard")
    parameter_name = PARAMETER

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        text = request.GET.get(PARAMETER, "")
        if not text:
            return []
        try:
            return [(text, address_title(parse_address(text), zone=timezone.get_current_timezone()))]
        except FigureUnknown as error:
            raise Http404 from error

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Model]") -> "QuerySet[Model]":
        text = self.value()
        if not text:
            return queryset
        try:
            keys = keys_behind(
                parse_address(text),
                user=request.user,
                zone=timezone.get_current_timezone(),
                now=time_of_record.now(),
            )
        except FigureUnknown as error:
            raise Http404 from error
        return queryset.filter(AmongKeys("pk", keys))
