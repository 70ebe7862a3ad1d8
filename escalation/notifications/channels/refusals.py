"""Recognizes responses that refuse a message with the status 200, which Apprise takes for success.

Each rule reads the JSON of a response, as the service's own documentation describes it. Reasons:
.github/decisions/notifications.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from json import loads
from typing import Any

# Words for a refusal that several services use in these fields.
_FIELDS = ("status", "result")
_NO = frozenset(
    ("failed", "failure", "fail", "error", "rejected", "undelivered", "undeliverable", "canceled")
)


def says_no(service: str, body: str) -> bool:
    """True if ``body``, a response with a success status, is a refusal. ``service`` names Apprise's plugin."""
    try:
        said = loads(body)
    except (ValueError, RecursionError):  # no JSON, or a number or a nesting beyond Python's limits
        return service in MUST_SAY_YES or _plain_no(service, body)
    rule = RULES.get(service)
    return _denies(said) or (rule is not None and rule(said))


def _plain_no(service: str, body: str) -> bool:
    """For services that may also answer with something else than JSON: Exotel in XML, seven with a number."""
    match service:
        case "exotel":
            return "<Status>failed" in body
        case "seven":
            return body.split()[:1] != ["100"]
        case _other:
            return False


def _denies(said: Any) -> bool:
    if not isinstance(said, dict):
        return False
    if said.get("ok") is False or said.get("success") is False:
        return True
    return any(str(said.get(field)).lower() in _NO for field in _FIELDS)


def _not_zero(*fields: str) -> Callable[[Any], bool]:
    """For services that always send one of these numbers; a response without one is not theirs."""

    def rule(said: Any) -> bool:
        numbers = [said[field] for field in fields if field in said] if isinstance(said, dict) else []
        return not numbers or any(number not in (0, "0") for number in numbers)

    return rule


def _listed(said: Any, *names: str) -> Iterable[Mapping[str, Any]]:
    """The dictionaries in the list that is found by these names."""
    for name in names:
        said = said.get(name) if isinstance(said, dict) else None
    return [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []


def _vonage(said: Any) -> bool:
    return any(str(one.get("status")) != "0" for one in _listed(said, "messages"))


def _clicksend(said: Any) -> bool:
    return any(one.get("status") != "SUCCESS" for one in _listed(said, "data", "messages"))


def _clickatell(said: Any) -> bool:
    return any(one.get("accepted") is False or one.get("error") for one in _listed(said, "messages"))


def _seven(said: Any) -> bool:
    return str(said.get("success") if isinstance(said, dict) else said) != "100"


def _bulksms(said: Any) -> bool:
    statuses = [
        one.get("status") for one in (said if isinstance(said, list) else [said]) if isinstance(one, dict)
    ]
    return any(isinstance(one, dict) and str(one.get("type")).lower() in _NO for one in statuses)


def _burstsms(said: Any) -> bool:
    error = said.get("error") if isinstance(said, dict) else None
    return isinstance(error, dict) and error.get("code") != "SUCCESS"


def _telnyx(said: Any) -> bool:
    return any("failed" in str(one.get("status")) for one in _listed(said, "data", "to"))


def _messagebird(said: Any) -> bool:
    return any("failed" in str(one.get("status")) for one in _listed(said, "recipients", "items"))


def _wxpusher(said: Any) -> bool:
    return any(one.get("code") != 1000 for one in _listed(said, "data"))


RULES: Mapping[str, Callable[[Any], bool]] = {
    "wecombot": _not_zero("errcode"),
    "dingtalk": _not_zero("errcode"),
    "feishu": _not_zero("code", "StatusCode"),
    "lark": _not_zero("code", "StatusCode"),
    "kook": _not_zero("code"),
    "vonage": _vonage,
    "clicksend": _clicksend,
    "clickatell": _clickatell,
    "seven": _seven,
    "bulksms": _bulksms,
    "burstsms": _burstsms,
    "telnyx": _telnyx,
    "messagebird": _messagebird,
    "wxpusher": _wxpusher,
}
# They always answer in JSON; any other response comes from something in between, such as a gateway of the network.
MUST_SAY_YES = frozenset(("wecombot", "dingtalk", "feishu", "lark", "kook", "wxpusher"))
