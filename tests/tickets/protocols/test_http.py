"""The only HTTP client of the desk: the rules that every request keeps to, over real sockets."""

import ast
import contextlib
import inspect
import logging
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from escalation.choices import AttemptOutcome, Medium
from escalation.notifications.channels import apprise_services, outcomes
from escalation.notifications.channels.delivery import Courier, send_all
from escalation.notifications.channels.outcomes import AttemptReport
from escalation.notifications.channels.payload import ChannelMessage, MessageTexts
from tests.factories import NOW
from tests.imfake import saying, self_signed, standing_in
from tickets.protocols import http as desk_http
from tickets.protocols.http import Exchange, PrivateTarget, Session, cut_off_after, exchange

WORDS = MessageTexts(
    "P0 Black", "SD#12 had no answer in time.", "P0. SD#12.", {"version": 1, "event": "test"}
)
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNK = b"2000\r\n" + b"z" * 0x2000 + b"\r\n"


@pytest.fixture(autouse=True)
def private_targets(settings):
    settings.ALLOW_PRIVATE_TARGETS = True


@pytest.fixture
def service():
    with standing_in() as standing_service:
        yield standing_service


def parcel(address: str) -> ChannelMessage:
    return ChannelMessage(Medium.WEBHOOK, address, "", WORDS, NOW)


def sent_within(seconds: float, address: str) -> AttemptReport:
    ((_key, report),) = send_all({1: parcel(address)}, time_limit=seconds)
    return report


@contextlib.contextmanager
def dripping(beginning: bytes, drop: bytes) -> Iterator[int]:
    """A port that says the beginning and then drop after drop, each of them in time, until the test is over."""
    over = threading.Event()

    def drip(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _address = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(beginning)
                while not over.wait(0.02):
                    connection.sendall(drop)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        yield server.getsockname()[1]
        over.set()
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


# ------------------------------------------------------------------------------------------------------------
# Time and measure

DRIPS = pytest.mark.parametrize(
    ("beginning", "drop"),
    [
        (b"", b"H"),
        (HEAD, b"A: b\r\n"),
        (HEAD + b"A: ", b"b"),
        (HEAD + b"\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (HEAD + b"Content-Length: 9000\r\n\r\n", b"x"),
    ],
    ids=["status", "headers", "header", "body", "chunks", "length"],
)


@DRIPS
def test_a_response_that_drips_for_ever_is_cut_off_in_time(beginning: bytes, drop: bytes) -> None:
    started = time.monotonic()
    with dripping(beginning, drop) as port:
        report = sent_within(0.15, f"http://127.0.0.1:{port}/hook")
    assert (report.outcome, report.text) == (AttemptOutcome.TIMED_OUT, outcomes.LATE)
    assert time.monotonic() - started < 3


@DRIPS
def test_a_thread_that_sends_alone_ends_in_time_too(beginning: bytes, drop: bytes) -> None:
    started = time.monotonic()
    here = Exchange(deadline=started + 60)
    with dripping(beginning, drop) as port, exchange(here), cut_off_after(0.15, here), Session() as session:
        with contextlib.suppress(requests.RequestException):
            session.request("GET", f"http://127.0.0.1:{port}/")
        assert here.is_cancelled
    assert time.monotonic() - started < 3


def test_an_encrypted_answer_that_drips_is_cut_off_too(monkeypatch, tmp_path) -> None:
    certificate = self_signed(tmp_path / "pem")
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    here = Exchange(deadline=time.monotonic() + 60, trusts_address=True)
    started = time.monotonic()
    with standing_in(certificate=certificate) as encrypted, exchange(here), Session() as session:
        encrypted.is_dripping = True
        with cut_off_after(0.15, here), contextlib.suppress(requests.RequestException):
            session.request("POST", f"https://localhost:{encrypted.port}/")
        assert here.is_cancelled
        assert len(encrypted.heard) == 1
    assert time.monotonic() - started < 3


def test_an_endless_chunked_response_is_read_up_to_a_limit() -> None:
    with saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK, times=1) as port:
        report = sent_within(2, f"http://127.0.0.1:{port}/hook")
    assert report.text.startswith(outcomes.BROKEN)
    here = Exchange(deadline=time.monotonic() + 2)
    body = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK * 1000
    with saying(body) as port, exchange(here), Session() as session:
        assert len(session.request("GET", f"http://127.0.0.1:{port}/").content) == desk_http.MOST_BYTES


def test_a_sender_cut_off_while_connecting_sends_nothing_later(service, monkeypatch) -> None:
    """It has been recorded as late, and is tried again."""
    courier = Courier(parcel(f"{service.url}/hook"))
    real = desk_http.create_connection

    def slowly(*address, **more):
        connection = real(*address, **more)
        courier.cancel()
        return connection

    monkeypatch.setattr(desk_http, "create_connection", slowly)
    assert courier.deliver().outcome == AttemptOutcome.TIMED_OUT
    assert service.heard == []


# ------------------------------------------------------------------------------------------------------------
# Where it goes


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_whatever_the_caller_wishes(service, status) -> None:
    here = Exchange(deadline=time.monotonic() + 5)
    with standing_in() as elsewhere, exchange(here), Session() as session:
        service.status, service.headers = status, {"Location": f"{elsewhere.url}/stolen"}
        for ask in (session.get, session.post):
            assert ask(service.url, allow_redirects=True).status_code == status
        assert (len(service.heard), elsewhere.heard) == (2, [])


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_no_proxy_of_the_environment_or_of_the_caller_is_used(service, monkeypatch, name) -> None:
    here = Exchange(deadline=time.monotonic() + 5)
    with standing_in() as proxy, exchange(here), Session() as session:
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        session.request("POST", service.url, proxies={"http": proxy.url})
        assert (len(service.heard), proxy.heard) == (1, [])


def test_no_password_of_netrc_is_sent(service, monkeypatch, tmp_path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login desk password hidden\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert sent_within(5, f"{service.url}/hook").is_accepted
    ((_path, headers, _body),) = service.heard
    assert "Authorization" not in headers


def test_a_name_is_resolved_once_and_the_address_found_then_is_connected_to(service, monkeypatch) -> None:
    names_asked: list[str] = []
    real = socket.getaddrinfo

    def first_here_then_elsewhere(host, port, *more, **options):
        names_asked.append(host)
        if host == "hooks.example":
            assert names_asked.count(host) == 1
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        return real(host, port, *more, **options)

    monkeypatch.setattr("tickets.protocols.http.socket.getaddrinfo", first_here_then_elsewhere)
    assert sent_within(5, f"http://hooks.example:{service.port}/hook").is_accepted
    assert names_asked == ["hooks.example", "127.0.0.1"]  # the second is the address itself
    ((_path, headers, _body),) = service.heard
    assert headers["Host"] == f"hooks.example:{service.port}"


def test_tls_verifies_the_name_and_not_the_address(monkeypatch, tmp_path) -> None:
    names_asked: list[str | None] = []
    real = ssl.SSLContext.wrap_socket

    def listening(context, sock, *more, server_side=False, **options):
        if not server_side:
            names_asked.append(options.get("server_hostname"))
            assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
        return real(context, sock, *more, server_side=server_side, **options)

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", listening)
    with standing_in(certificate=self_signed(tmp_path / "pem")) as encrypted:
        report = sent_within(5, f"https://localhost:{encrypted.port}/hook")
    assert (names_asked, report.text, encrypted.heard) == (["localhost"], outcomes.NO_CERTIFICATE, [])


def test_only_an_address_of_the_settings_may_be_private(service, settings) -> None:
    settings.ALLOW_PRIVATE_TARGETS = False
    for here in (None, Exchange(deadline=time.monotonic() + 5)):
        bound = exchange(here) if here else contextlib.nullcontext()
        with bound, Session() as session, pytest.raises(requests.ConnectionError) as refused:
            session.request("POST", service.url)
        assert isinstance(desk_http.innermost_cause(refused.value), PrivateTarget)
    trusting = Exchange(deadline=time.monotonic() + 5, trusts_address=True)
    with exchange(trusting), Session() as session:
        assert session.request("POST", service.url).status_code == 200
    assert len(service.heard) == 1


@pytest.mark.parametrize(("trusts_address", "outcome"), [(False, "refused"), (True, "accepted")])
def test_certificate_authorities_of_this_machine_count_only_for_addresses_from_the_settings(
    monkeypatch, tmp_path, trusts_address, outcome
) -> None:
    certificate = self_signed(tmp_path / "pem")
    monkeypatch.setenv("SSL_CERT_FILE", certificate)  # where OpenSSL looks for those of the machine
    here = Exchange(deadline=time.monotonic() + 5, trusts_address=trusts_address)
    with standing_in(certificate=certificate) as encrypted, exchange(here), Session() as session:
        try:
            session.request("POST", f"https://localhost:{encrypted.port}/")
        except requests.exceptions.SSLError:
            assert outcome == "refused"
        else:
            assert outcome == "accepted"


# ------------------------------------------------------------------------------------------------------------
# Secrets, and who else could speak


@pytest.mark.parametrize(
    "words",
    [
        HEAD + b"No colon\r\n\r\n",
        HEAD + b"Content-Type: multipart/mixed\r\n\r\n",
        HEAD + b" folded: x\r\nA: b\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=["colon", "boundary", "folded", "both"],
)
def test_unparsable_headers_do_not_bring_the_address_into_the_log(words, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    with saying(words) as port:
        assert sent_within(5, f"http://127.0.0.1:{port}/hook?token=webhook-4711").is_accepted
    assert "4711" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("urllib3")]


def names_of_requests(module: object) -> set[str]:
    """What the source of a plugin takes from the requests library."""
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "requests"
    }


def imports_of(module: object) -> set[str]:
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("schema", sorted(apprise_services.GATEWAYS))
def test_a_listed_plugin_speaks_through_our_session_alone(schema: str) -> None:
    module = sys.modules[apprise_services.GATEWAYS[schema].plugin.__module__]
    ours = module.requests
    assert isinstance(ours, apprise_services._Requests)
    assert [name for name in names_of_requests(module) if not hasattr(ours, name)] == []
    assert not imports_of(module) & {
        "http.client",
        "urllib.request",
        "urllib3",
        "socket",
        "utils.http",
        "httpx",
    }


@pytest.mark.parametrize("verb", ["get", "post", "delete"])
def test_each_verb_of_a_plugin_is_held_to_the_rules(service, settings, verb) -> None:
    settings.ALLOW_PRIVATE_TARGETS = False
    ask: Callable[..., requests.Response] = getattr(apprise_services._Requests("telegram"), verb)
    with pytest.raises(requests.ConnectionError):
        ask(service.url)
    assert service.heard == []


@pytest.mark.parametrize("name", ["patch", "head", "options", "adapters", "sessions", "api"])
def test_a_plugin_has_no_way_around_our_session(name: str) -> None:
    assert not hasattr(apprise_services._Requests("telegram"), name)
