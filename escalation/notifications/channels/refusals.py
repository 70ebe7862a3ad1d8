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
        answer = loads(body)
    except (ValueError, RecursionError):  # no JSON, or a number or a nesting beyond Python's limits
        return service in MUST_SAY_YES or _plain_no(service, body)
    rule = RULES.get(service)
    return _denies(answer) or (rule is not None and rule(answer))


def _plain_no(service: str, body: str) -> bool:
    """For services that may also answer in something other than JSON: Exotel in XML, seven with a number."""
    match service:
        case "exotel":
            return "<Status>failed" in body
        case "seven":
            return body.split()[:1] != ["100"]
        case _other:
            return False


def _denies(answer: Any) -> bool:
    if not isinstance(answer, dict):
        return False
    if answer.get("ok") is False or answer.get("success") is False:
        return True
    return any(str(answer.get(field)).lower() in _NO for field in _FIELDS)


def _not_zero(*fields: str) -> Callable[[Any], bool]:
    """For services that always send one of these numbers; a response without one is not theirs."""

    def rule(answer: Any) -> bool:
        numbers = [answer[field] for field in fields if field in answer] if isinstance(answer, dict) else []
        return not numbers or any(number not in (0, "0") for number in numbers)

    return rule


def _listed(answer: Any, *names: str) -> Iterable[Mapping[str, Any]]:
    """The dictionaries in the list that is found under these names."""
    for name in names:
        answer = answer.get(name) if isinstance(answer, dict) else None
    return [message for message in answer if isinstance(message, dict)] if isinstance(answer, list) else []


def _vonage(answer: Any) -> bool:
    return any(str(message.get("status")) != "0" for message in _listed(answer, "messages"))


def _clicksend(answer: Any) -> bool:
    return any(message.get("status") != "SUCCESS" for message in _listed(answer, "data", "messages"))


def _clickatell(answer: Any) -> bool:
    return any(
        message.get("accepted") is False or message.get("error") for message in _listed(answer, "messages")
    )


def _seven(answer: Any) -> bool:
    return str(answer.get("success") if isinstance(answer, dict) else answer) != "100"


def _bulksms(answer: Any) -> bool:
    statuses = [
        message.get("status")
        for message in (answer if isinstance(answer, list) else [answer])
        if isinstance(message, dict)
    ]
    return any(isinstance(message, dict) and str(message.get("type")).lower() in _NO for message in statuses)


def _burstsms(answer: Any) -> bool:
    error = answer.get("error") if isinstance(answer, dict) else None
    return isinstance(error, dict) and error.get("code") != "SUCCESS"


def _telnyx(answer: Any) -> bool:
    return any("failed" in str(message.get("status")) for message in _listed(answer, "data", "to"))


def _messagebird(answer: Any) -> bool:
    return any("failed" in str(message.get("status")) for message in _listed(answer, "recipients", "items"))


def _wxpusher(answer: Any) -> bool:
    return any(message.get("code") != 1000 for message in _listed(answer, "data"))


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
# They always answer in JSON; any other response comes from something in between, such as a network gateway.
MUST_SAY_YES = frozenset(("wecombot", "dingtalk", "feishu", "lark", "kook", "wxpusher"))
