"""Contact ways: checks an address before it is saved, masks it for display, and sends a test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from customers.errors import DeskError
from customers.models import Customer
from customers.names import desk_name
from escalation.choices import Medium
from escalation.models import ContactWay, DutyRota
from escalation.notifications.channels import apprise_services
from escalation.notifications.channels.delivery import send_all
from escalation.notifications.channels.outcomes import AttemptReport
from escalation.notifications.channels.payload import ChannelMessage, MessageTexts
from tickets.protocols.http import NoName, PrivateTarget, public_addresses

# Per person or group. Each is tried three times within two and a half minutes before the next is tried.
MOST_WAYS = 8


@dataclass(frozen=True, repr=False)
class CheckedAddress:
    """An address as it is stored, and what people are shown of it."""

    address: str
    shown: str


def check_address(medium: str, given: str) -> CheckedAddress:
    """Check an address that somebody entered. Raises DeskError, whose text does not repeat the address."""
    address = given.strip()
    return _check_webhook(address) if medium == Medium.WEBHOOK else _check_gateway(medium, address)


def ensure_room(of: User | DutyRota | Customer) -> None:
    """Refuse more contact ways than one owner may have. Raises DeskError.

    Locks the owner, so that two requests count each other; needs the transaction in which the contact way is saved.
    The lock leaves the key alone, as resolving the host may take long and others go on writing rows that refer to the
    owner.
    """
    match of:
        case User():
            User.objects.select_for_update(no_key=True).get(pk=of.pk)
            ways = ContactWay.objects.filter(user=of)
        case DutyRota():
            DutyRota.objects.select_for_update(no_key=True).get(pk=of.pk)
            ways = ContactWay.objects.filter(rota=of)
        case Customer():
            Customer.objects.select_for_update(no_key=True).get(pk=of.pk)
            ways = ContactWay.objects.filter(customer=of)
    if ways.count() >= MOST_WAYS:
        text = _(
            "There are already %(count)s contact methods, and more would not be tried in "
            "time. Delete or change one."
        )
        raise DeskError(text % {"count": MOST_WAYS})


def _check_webhook(address: str) -> CheckedAddress:
    schemes = ("http", "https") if settings.ALLOW_PRIVATE_TARGETS else ("https",)
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        host, parts, port = None, SplitResult("", "", "", "", ""), 0
    if not host or parts.scheme not in schemes or parts.username or parts.password:
        raise DeskError(_("Enter the full address of the webhook, starting with https://."))
    if apprise_services.gateway_for(address) is not None:
        raise DeskError(
            _(
                "This is the address of a chat service, which does not understand our webhooks. "
                "Choose the kind “Chat message”."
            )
        )
    _refuse_private(host, port)
    return CheckedAddress(address, f"{parts.scheme}://{parts.netloc}/…"[:300])


def _check_gateway(medium: str, address: str) -> CheckedAddress:
    plugin, gateway = apprise_services.plugin_for(address), apprise_services.gateway_for(address)
    if plugin is None or gateway is None:
        raise DeskError(
            _(
                "Apprise does not understand this address, or the service may not be used here. "
                "Examples: wecombot://key, dingtalk://token, feishu://token, slack://a/b/c, "
                "tgram://token/chat, twilio://sid:token@from/to."
            )
        )
    if not apprise_services.serves(address, medium):
        raise DeskError(
            _(
                "This address belongs to another kind of service. Choose its kind; a call by Twilio needs "
                "?method=call at the end of the address."
            )
        )
    if apprise_services.recipients(plugin) > 1:
        raise DeskError(_("One address is for one recipient. Enter a separate contact method for each."))
    if gateway.own_host:
        _refuse_private(str(plugin.host), plugin.port or 443)
        if apprise_services.is_plain(address) and not settings.ALLOW_PRIVATE_TARGETS:
            raise DeskError(
                _(
                    "Without TLS the messages can be read in transit. Use the form with an s: "
                    "mmosts://, rockets://."
                )
            )
    return CheckedAddress(address, apprise_services.masked(plugin))


def _refuse_private(host: str, port: int) -> None:
    try:
        public_addresses(host, port)
    except PrivateTarget as problem:
        raise DeskError(
            _("This host is in a private network, so nothing is sent there. An administrator may allow it.")
        ) from problem
    except (NoName, OSError) as problem:
        raise DeskError(_("This host cannot be found. Check its name.")) from problem


def send_test(way: ContactWay, *, at: datetime) -> AttemptReport:
    """Send a real test and return the response. Call this outside a transaction: it may take ten seconds."""
    words = _test_words()
    parcel = ChannelMessage(way.medium, way.usable_address, way.secret or "", words, at)
    ((_key, answer),) = send_all({way.pk: parcel})
    return answer


def _test_words() -> MessageTexts:
    subject = _("Test from %(desk)s") % {"desk": desk_name()}
    text = _("This is a test: notifications from the support desk will arrive here.")
    facts = {
        "version": 1, "event": "test", "kind": "test", "urgent": False, "subject": subject, "text": text,
        "tickets": [],
    }  # fmt: skip
    return MessageTexts(subject, text, text, facts)
