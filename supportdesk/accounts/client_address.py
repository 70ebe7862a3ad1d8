"""From which address somebody asks: behind proxies, only what the trusted ones say counts."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

NETWORK = 64  # bits of an IPv6 address that one household or firm has for itself


def client_address(request: HttpRequest) -> str:
    """The visitor's address; empty if nothing says one, as behind a socket.

    Each trusted proxy appends whom it was asked by, so the visitor is as many places from the end as there are trusted
    proxies (TRUSTED_PROXIES). What stands before may be forged.
    """
    trusted = settings.TRUSTED_PROXIES
    passed_on = request.META.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", trusted) if trusted else []
    if trusted and len(passed_on) >= trusted and passed_on[-trusted].strip():
        return _bare(passed_on[-trusted])
    return _bare(request.META.get("REMOTE_ADDR", ""))


def network_of(address: str) -> str:
    """What limits count by: an IPv4 address, or the network of an IPv6 one, in which anybody has billions."""
    if ":" not in address:
        return address
    return str(ip_network(f"{address}/{NETWORK}", strict=False).network_address)


def _bare(text: str) -> str:
    """Without a port or brackets, as short as it can be written; empty for what is no address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
