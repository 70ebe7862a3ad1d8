"""The services that Apprise sends through: which ones, for which medium, and sending one message through one of them.

Only listed services are used: other plugins of Apprise write files, start programs or send mail. The plugins get our
own HTTP session, and Apprise's log, which may contain addresses, is switched off.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, cast
from urllib.parse import unquote
from xml.sax.saxutils import escape

import apprise
import requests
from apprise.plugins import NotifyBase

from escalation.choices import Medium
from escalation.notifications.channels import refusals
from escalation.notifications.channels.payload import ChannelMessage
from tickets.protocols.http import Session


def _nothing(_record: logging.LogRecord) -> bool:
    return False


# Not `disabled`: whoever configures logging again, as `django.setup` does, enables every logger that is there.
logging.getLogger("apprise").addFilter(_nothing)


@dataclass(frozen=True)
class Gateway:
    """One plugin of Apprise. ``own_host``: its address names a self-hosted server."""

    plugin: type[NotifyBase]
    media: tuple[Medium, ...]
    own_host: bool = False


CHATS = (
    "wecombot dingtalk feishu lark slack telegram discord google_chat zulip webexteams line kook wxpusher "
    "workflows mattermost rocketchat"
)
SMS = (
    "twilio voipms clickatell plivo vonage sns messagebird bulksms sinch clicksend fortysixelks d7networks "
    "seven telnyx burstsms httpsms threema exotel infobip"
)
CALLS = "twilio pagerduty opsgenie signl4 spike"
OWN_HOSTS = frozenset(("workflows", "mattermost", "rocketchat", "infobip"))


# Parameters that an address may not set: files as templates, redirects, weak TLS, time-outs other than ours, alarms
# closed instead of raised, several recipients in one request.
NOT_FOR_ADDRESSES = frozenset(
    (
        "template", "redirect", "verify", "cto", "rto", "retry", "wait", "store", "overflow", "format", "attach",
        "action", "failure", "batch",
    )
)  # fmt: skip
# Without this, these services turn Chinese into question marks; with it, every message costs more.
WITHOUT_LATIN = {"vonage": ("type", "unicode"), "messagebird": ("datacoding", "unicode")}
# The strictest chat accepts 2048 bytes.
MOST_CHAT_BYTES = 1900
# A few SMS, or half a minute of speech.
MOST_SHORT_BYTES = 600
LAST_LINES = 3
ASSET = apprise.AppriseAsset(
    app_id="supportdesk",
    app_desc="Support desk",
    http_redirects=False,
    secure_logging=True,
    storage_mode=apprise.PersistentStoreMode.MEMORY,
    plugin_paths=[],
)


class _Requests:
    """Replaces the requests library in a plugin: its names, but our session.

    Nothing else of the library is here: a plugin that needs more fails, and cannot send anything except through
    `Session`.
    """

    Session = Session
    RequestException = requests.RequestException
    codes = requests.codes

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin

    def request(self, method: str, url: str, **wishes: Any) -> requests.Response:
        with Session() as session:
            return session.request(method, url, **wishes)

    def get(self, url: str, **wishes: Any) -> requests.Response:
        return self.request("GET", url, **wishes)

    def post(self, url: str, **wishes: Any) -> requests.Response:
        field, data = WITHOUT_LATIN.get(self.plugin), wishes.get("data")
        if field is not None and isinstance(data, dict) and not str(data).isascii():
            wishes["data"] = data | dict([field])
        return self.request("POST", url, **wishes)

    def delete(self, url: str, **wishes: Any) -> requests.Response:
        return self.request("DELETE", url, **wishes)


def _gateways() -> dict[str, Gateway]:
    """The gateways by URL schema. Only the listed plugins are loaded. Fails at start if one no longer uses requests."""
    gateways: dict[str, Gateway] = {}
    for name in dict.fromkeys(f"{CHATS} {SMS} {CALLS}".split()):
        module = import_module(f"apprise.plugins.{name}")
        if not hasattr(module, "requests"):
            raise ImportError(f"Apprise's {name} does not use requests any more; take it off the list.")
        module.requests = _Requests(name)  # type: ignore[attr-defined]  # just checked
        gateway = Gateway(_plugin_in(module), _media(name), name in OWN_HOSTS)
        gateways |= dict.fromkeys(_schemas(gateway.plugin), gateway)
    return gateways


def _plugin_in(module: ModuleType) -> type[NotifyBase]:
    """The class that the module defines and that has a schema."""
    classes = [
        defined
        for defined in vars(module).values()
        if isinstance(defined, type) and defined.__module__ == module.__name__
    ]
    return next(defined for defined in classes if issubclass(defined, NotifyBase) and _schemas(defined))


def _media(name: str) -> tuple[Medium, ...]:
    lists = {Medium.CHAT: CHATS, Medium.SMS: SMS, Medium.VOICE: CALLS}
    return tuple(medium for medium, names in lists.items() if name in names.split())


def _schemas(plugin: type[NotifyBase]) -> list[str]:
    return [*_named(plugin.protocol), *_named(plugin.secure_protocol)]


def _named(schemas: str | tuple[str, ...] | None) -> list[str]:
    return [schemas] if isinstance(schemas, str) else list(schemas or ())


def is_plain(address: str) -> bool:
    """True if the address asks for HTTP without TLS."""
    gateway, schema = gateway_for(address), address.partition("://")[0].lower()
    return gateway is not None and schema in _named(gateway.plugin.protocol)


GATEWAYS: Mapping[str, Gateway] = _gateways()


def gateway_for(address: str) -> Gateway | None:
    schema, mark, _rest = address.partition("://")
    if schema.lower() not in ("http", "https"):
        return GATEWAYS.get(schema.lower()) if mark else None
    return next((gateway for gateway in GATEWAYS.values() if _native(gateway, address)), None)


def _native(gateway: Gateway, address: str) -> dict[str, Any] | None:
    """Apprise's arguments for an address as the service itself hands it out, such as a bot's https URL."""
    arguments: dict[str, Any] | None = cast(Any, gateway.plugin).parse_native_url(address)
    return arguments


def plugin_for(address: str) -> NotifyBase | None:
    """Apprise's plugin with this address; None if it is not listed, not valid, or sets a forbidden parameter."""
    gateway = gateway_for(address)
    if gateway is None:
        return None
    try:
        parsed = _native(gateway, address) or cast(Any, gateway.plugin).parse_url(address)
        if not parsed or NOT_FOR_ADDRESSES & _wishes(parsed):
            return None
        return gateway.plugin(**{**parsed, "asset": ASSET})
    except Exception:  # plugins reject an address with exceptions of many kinds, whose texts contain it
        return None


def _wishes(parsed: Mapping[str, Any]) -> set[str]:
    """Parameter names as Apprise reads them: unlike a browser, it splits at semicolons and has no fragments."""
    return {name.lower().strip("+-: ") for name in parsed["qsd"]}


def serves(address: str, medium: str) -> bool:
    """True if the address belongs to the medium. For Twilio, its method decides between calls and SMS."""
    gateway, plugin = gateway_for(address), plugin_for(address)
    if gateway is None or plugin is None or medium not in gateway.media:
        return False
    if _is_twilio(gateway):
        return (getattr(plugin, "method", "") == "call") == (medium == Medium.VOICE)
    return True


def _is_twilio(gateway: Gateway | None) -> bool:
    return gateway is not None and gateway.plugin.__module__.endswith(".twilio")


def masked(plugin: NotifyBase) -> str:
    """The address with its secrets masked, for people to read."""
    url = cast(Any, plugin).url(privacy=True)
    shown = str(url).partition("?")[0]
    return f"{plugin.service_name}: {unquote(shown)}"[:300]


def notify(parcel: ChannelMessage) -> bool:
    """True if Apprise accepted the message. Needs an `exchange`, which records the real responses."""
    plugin = plugin_for(parcel.address)
    if plugin is None:
        return False
    title, body = _fitted(parcel)
    # For a failure, alarm services raise an alarm; for an info they close one, or do nothing at all.
    is_alarm = parcel.medium == Medium.VOICE
    kind = apprise.NotifyType.FAILURE if is_alarm else apprise.NotifyType.INFO
    return bool(plugin.notify(body=body, title=title, notify_type=kind))


def _fitted(parcel: ChannelMessage) -> tuple[str, str]:
    words = parcel.words
    match parcel.medium:
        case Medium.CHAT:
            return "", cut(harmless(f"{words.subject}\n\n{words.text}"), MOST_CHAT_BYTES)
        case Medium.VOICE if _is_twilio(gateway_for(parcel.address)):
            return "", spoken(cut(words.short, MOST_SHORT_BYTES))
        case _short:
            return "", cut(words.short, MOST_SHORT_BYTES)


def spoken(text: str) -> str:
    """A Twilio call that says the text twice, for people who miss the start. Its default voice speaks no Chinese."""
    voice = ' voice="Polly.Zhiyu" language="zh-CN"' if _CHINESE.search(text) else ""
    return f'<Response><Say loop="2"{voice}>{escape(text)}</Say></Response>'


_CHINESE = re.compile("[\u4e00-\u9fff]")
# Customers write the subjects. These strings call everybody in a group (<!channel>, <at user_id="all">, @everyone,
# @all, (met)all(met)), hide a link behind other words, or make a service refuse the message as broken markup.
_MARKUP = {"<": "‹", ">": "›", "@": "＠", "](": "] (", "(met)": "( met )"}
_ANY_MARKUP = re.compile("|".join(map(re.escape, _MARKUP)), re.IGNORECASE)


def harmless(text: str) -> str:
    """The text without what a chat reads as a mention, a link behind other words, or markup; bare URLs stay links."""
    return _ANY_MARKUP.sub(lambda match: _MARKUP[match[0].lower()], text)


def cut(text: str, most: int) -> str:
    """Cut a text to this many bytes of UTF-8. The middle is left out, because links are at the end."""
    if len(text.encode()) <= most:
        return text
    end = _last_lines(text, most // 2)
    room = most - len(f"\n…\n{end}".encode())
    beginning = text.encode()[:room].decode("utf-8", "ignore").rstrip()
    return f"{beginning}\n…\n{end}" if end else f"{beginning}\n…"


def _last_lines(text: str, most: int) -> str:
    """The last whole lines that fit, at most three."""
    kept: list[str] = []
    for line in reversed(text.splitlines()[1:][-LAST_LINES:]):
        if len("\n".join([line, *kept]).encode()) > most:
            break
        kept.insert(0, line)
    return "\n".join(kept)


def says_no(address: str, responses: Sequence[requests.Response]) -> bool:
    """True if a response refuses with the status 200, which Apprise takes for success."""
    gateway = gateway_for(address)
    if gateway is None:
        return False
    name = gateway.plugin.__module__.rpartition(".")[2]
    return any(refusals.says_no(name, response.content.decode("utf-8", "replace")) for response in responses)


def recipients(plugin: NotifyBase) -> int:
    """The number of messages as which one text is sent."""
    return len(plugin)


def secrets_of(parcel: ChannelMessage) -> list[str]:
    """Every part of the address, raw and decoded, and the secret: strings that no report may contain."""
    _schema, _mark, rest = parcel.address.partition("://")
    parts = {part for text in (rest, unquote(rest)) for part in re.split(r"[/:@?&=#,\s]+", text)}
    return [*parts, rest, parcel.address, parcel.secret]
