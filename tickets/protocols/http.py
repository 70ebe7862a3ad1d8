"""HTTP to other hosts: only public ones, no redirects, no long responses.

Everything the desk asks of other hosts goes through `Session`: webhooks, Apprise's plugins, the call after a sweep,
access tokens for mailboxes, images of mails.
The host's address is resolved and checked here, and the connection is made to that same address, so that a name
cannot change in between. Proxies and .netrc of the environment are not used. Reasons: "One HTTP session" in
.github/decisions/notifications.md.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import create_connection

CONNECT_SECONDS = 4.0
READ_SECONDS = 8.0
MOST_BYTES = 64_000


class PrivateTarget(requests.ConnectionError):
    """The host is, or resolves to, an address that is not public."""


class NoName(requests.ConnectionError):
    """The host's name does not resolve."""


@dataclass
class Exchange:
    """The connections and responses of one sender; ``cancel`` may be called from another thread.

    ``trusts_address``: the address comes from the settings, not from a form. It may be private, and this machine's
    certificate authorities are accepted in addition to the usual ones.
    """

    deadline: float
    trusts_address: bool = False
    responses: list[requests.Response] = field(default_factory=list)
    problem: requests.RequestException | None = None
    sockets: list[socket.socket] = field(default_factory=list)
    is_cancelled: bool = False
    most_bytes: int = MOST_BYTES

    def cancel(self) -> None:
        self.is_cancelled = True
        for sock in list(self.sockets):
            with contextlib.suppress(OSError):  # already closed, or replaced by a TLS socket
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # SSLSocket's own drops TLS and reads on

    def hold(self, sock: socket.socket) -> None:
        """Keep a socket to close it on `cancel`, as a connection lets go of its socket if the response has no length.

        Raises TimeoutError if it is already cancelled.
        """
        self.sockets.append(sock)
        if self.is_cancelled:
            raise TimeoutError


_current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def _is_nobodys_secret(_record: logging.LogRecord) -> bool:
    return _current.get() is None


# urllib3 logs whole URLs: the pool at level DEBUG, the connection in a warning about headers it cannot parse.
# A filter on their common parent would not be called.
for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_is_nobodys_secret)


@contextlib.contextmanager
def exchange(of: Exchange) -> Iterator[Exchange]:
    """Record in it everything that is sent inside."""
    token = _current.set(of)
    try:
        yield of
    finally:
        _current.reset(token)


@contextlib.contextmanager
def cut_off_after(seconds: float, of: Exchange) -> Iterator[None]:
    """Cancel the exchange when the time is over, however slowly the other side goes on sending."""
    timer = threading.Timer(seconds, of.cancel)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def public_addresses(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises PrivateTarget if one of them is not public, NoName if there is none."""
    addresses = _addresses(host, port)
    if not settings.ALLOW_PRIVATE_TARGETS and not all(map(is_public, addresses)):
        raise PrivateTarget
    return addresses


def _addresses(host: str, port: int) -> list[str]:
    try:
        resolved = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NoName from error
    return list(dict.fromkeys(str(place[0]) for _family, _type, _protocol, _name, place in resolved))


def is_public(address: str) -> bool:
    """True unless the address belongs to this machine or its networks, or leads to them under another name."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and not any(ip in network for network in (UNICAST, NAT64)):
        return ip.ipv4_mapped is not None and is_public(str(ip.ipv4_mapped))
    return all(_is_a_strangers(candidate) for candidate in (ip, *_inside(ip)))


def _is_a_strangers(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in SPECIAL)


# Global by name, but no stranger's server: the IANA registries of special-purpose addresses (RFC 6890), among whose
# protocol assignments a cloud keeps its metadata (192.0.0.192), and the host's agent of Azure.
SPECIAL = tuple(
    ipaddress.ip_network(block)
    for block in (
        "192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24",
        "168.63.129.16/32", "2001::/23", "2620:4f:8000::/48", "3fff::/20",
    )
)  # fmt: skip


NAT64 = ipaddress.ip_network("64:ff9b::/96")
UNICAST = ipaddress.ip_network(
    "2000::/3"
)  # the range that IANA allocates; outside it are old and local ways to reach IPv4


def _inside(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """IPv4 addresses that an IPv6 address carries: mapped (RFC 4291), 6to4, Teredo, NAT64 (RFC 6052)."""
    if isinstance(ip, ipaddress.IPv4Address):
        return
    for carried in (ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())):
        if carried is not None:
            yield carried
    if ip in NAT64:
        yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)


def _connected(connection: HTTPConnection) -> socket.socket:
    """Connect to a checked address; the name for TLS stays that of the host."""
    here = _current.get()
    find = _addresses if here is not None and here.trusts_address else public_addresses
    problem: OSError = OSError("no address")
    for address in find(connection.host, connection.port):
        if here is not None and here.is_cancelled:
            raise TimeoutError
        try:
            sock = create_connection(
                (address, connection.port), CONNECT_SECONDS, socket_options=connection.socket_options
            )
        except OSError as error:
            problem = error
        else:
            return _held(sock)
    raise problem


def _held(sock: socket.socket) -> socket.socket:
    here = _current.get()
    if here is not None:
        try:
            here.hold(sock)
        except TimeoutError:
            sock.close()
            raise
    return sock


@contextlib.contextmanager
def _resets_are_told() -> Iterator[None]:
    """Raise a reset before the request as ConnectionAbortedError.

    urllib3 would take it for a reset of the request, wait for the response, and fail without a connection.
    """
    try:
        yield
    except ConnectionResetError as error:
        raise ConnectionAbortedError("reset before the request") from error


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self)

    def connect(self) -> None:
        with _resets_are_told():
            super().connect()


class _TlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self)

    def connect(self) -> None:
        here = _current.get()
        if here is not None and here.trusts_address:
            self.ssl_context = ssl.create_default_context()  # requests adds its own authorities
        with _resets_are_told():
            super().connect()
        _held(self.sock)  # the socket with TLS


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


class Session(requests.Session):
    """A requests session that ignores the caller's time-outs, redirects, proxies and weak TLS."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("http://", _Adapter())
        self.mount("https://", _Adapter())

    def request(self, method: str, url: str, **wishes: Any) -> requests.Response:  # type: ignore[override]
        wishes.update(
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            verify=True,
            stream=True,
            proxies={},
        )
        wishes.pop("cert", None)
        here = _current.get()
        try:
            response = super().request(method, url, **wishes)
            _read(response, here)
        except requests.RequestException as error:
            if here is not None:
                here.problem = error
            raise
        if here is not None:
            here.problem = None
            here.responses.append(response)
        return response


def _read(response: requests.Response, here: Exchange | None) -> None:
    """Read a short body and hang up; a body that trickles in for ever times out."""
    body = b""
    most = here.most_bytes if here is not None else MOST_BYTES
    with contextlib.closing(response):
        for chunk in response.iter_content(8192):
            body += chunk
            if here is not None and time.monotonic() > here.deadline:
                raise requests.ReadTimeout("the answer does not end")
            if len(body) >= most:
                break
    response._content = body[:most]  # as requests itself does after reading
    response._content_consumed = True


def innermost_cause(problem: BaseException) -> BaseException:
    """The first cause, or one that says more: requests wraps it several times, with the whole URL in its text."""
    seen = {id(problem)}
    while not isinstance(problem, PrivateTarget | NoName):
        cause = problem.__cause__ or problem.__context__
        if cause is None or id(cause) in seen:
            break
        seen.add(id(cause))
        problem = cause
    return problem
