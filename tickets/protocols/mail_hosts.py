"""Connects to mail servers that people enter in a form: to public ones, and to private ones as the settings allow.

The name is resolved and checked here and the connection is made to that same address, so that a name cannot change in
between. Reasons: "Mail servers in private networks" in .github/decisions/mail.md.
"""

import ipaddress
import socket

from django.conf import settings
from django.utils.translation import gettext as _

from tickets.protocols.http import is_public
from tickets.protocols.problems import MailboxProblem

# Of a cloud, within a network that is private by name.
METADATA = (ipaddress.ip_address("fd00:ec2::254"),)


def connected_to(host: str, port: int, timeout: float | None) -> socket.socket:
    """Raises MailboxProblem for a forbidden address, OSError if nobody answers at any of them."""
    problem: OSError = OSError("no address")
    for address in allowed_addresses(host, port):
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            problem = error
    raise problem


def allowed_addresses(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises MailboxProblem if one of them is forbidden, gaierror if there is none."""
    resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(place[0]) for *_kind, place in resolved))
    if not _is_listed(host) and not all(map(_is_allowed, addresses)):
        raise MailboxProblem(
            _(
                "%(host)s is in a network where the desk looks for no email. ALLOW_PRIVATE_MAIL_HOSTS would permit it."
            )
            % {"host": host}
        )
    return addresses


def _is_listed(host: str) -> bool:
    return host.lower().rstrip(".") in {str(each).lower() for each in settings.ALLOW_PRIVATE_MAIL_HOSTS}


def _is_allowed(address: str) -> bool:
    if is_public(address):
        return True
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip in METADATA:
        return str(ip) in settings.ALLOW_PRIVATE_MAIL_HOSTS
    mapped = getattr(ip, "ipv4_mapped", None) or ip
    return any(mapped in network for network in map(_network, settings.ALLOW_PRIVATE_MAIL_HOSTS) if network)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """None for the name of a host."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None
