"""Checks before anything starts that the ports are free, and says what to do if they are not."""

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Binding:
    """An address a part is going to listen on, with the options that change it."""

    host: str
    port: int
    port_option: str
    host_option: str = "--host"


def port_problems(bindings: Iterable[Binding]) -> list[str]:
    """One sentence per address that cannot be listened on; empty if all are free."""
    problems: list[str] = []
    seen: dict[int, Binding] = {}
    for binding in bindings:
        twin = seen.setdefault(binding.port, binding)
        problems += _duplicate_ports(binding, twin) if twin is not binding else _problem(binding)
    return problems


def _duplicate_ports(binding: Binding, twin: Binding) -> list[str]:
    words = {"port": binding.port, "one": twin.port_option, "other": binding.port_option}
    return [_("Port %(port)s is used twice: give %(one)s and %(other)s different ports.") % words]


def _problem(binding: Binding) -> list[str]:
    words = {
        "port": binding.port,
        "host": binding.host,
        "option": binding.port_option,
        "host_option": binding.host_option,
    }
    if not 1 <= binding.port <= 65535:
        return [_("%(port)s is not a port: give %(option)s a number from 1 to 65535.") % words]
    try:
        _try(binding)
    except socket.gaierror:
        return [
            _("%(host)s is not a known address: give %(host_option)s an address of this machine.") % words
        ]
    except OSError as error:
        return [_sentence(error) % {**words, "error": error.strerror}]
    return []


def _try(binding: Binding) -> None:
    family, kind, protocol, _name, address = socket.getaddrinfo(
        binding.host, binding.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        # As the servers do: a port whose old connections are still in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        # On Linux, bind alone may succeed although another address of the port is listened on.
        probe.listen(1)


def _sentence(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return _(
                "Port %(port)s on %(host)s is taken by another program: stop that program or "
                "choose another port with %(option)s."
            )
        case errno.EACCES:
            return _(
                "Port %(port)s may not be opened by this user: choose a port above 1023 with %(option)s."
            )
        case errno.EADDRNOTAVAIL:
            return _("%(host)s is not an address of this machine: choose another one with %(host_option)s.")
        case _other:
            return _(
                "Port %(port)s on %(host)s cannot be opened (%(error)s): choose another one with %(option)s."
            )
