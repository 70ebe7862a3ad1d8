"""An explanation as JSON: its keys are the field names of facts.py, and lengths are in seconds."""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from escalation.explaining.facts import Explanation


def as_document(explanation: Explanation) -> dict[str, Any]:
    """The document. Each moment is ISO 8601 in UTC and in the customer's zone, or null there without a customer."""
    zone = ZoneInfo(explanation.customer_zone) if explanation.customer_zone else None
    document: dict[str, Any] = _plain(explanation, zone)
    document["count"]["agrees"] = explanation.count.agrees
    return document


def _plain(value: Any, zone: ZoneInfo | None) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), zone) for field in fields(value)}
    match value:
        case tuple():
            return [_plain(item, zone) for item in value]
        case datetime():
            local = value.astimezone(zone).isoformat() if zone else None
            return {"utc": value.astimezone(UTC).isoformat(), "customer": local}
        case timedelta():
            return value.total_seconds()
        case _other:
            return value
