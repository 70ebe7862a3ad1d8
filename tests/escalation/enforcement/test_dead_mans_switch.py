"""The outside ping over a real HTTP server: good calls and failed ones leave a heartbeat, nothing shows the address."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from escalation.enforcement import dead_mans_switch
from escalation.enforcement.dead_mans_switch import ping, ping_outside
from escalation.models import Heartbeat
from escalation.notifications.channels import outcomes

SECRET = "/0d1c-secret/run?key=hidden"


@dataclass
class Receiver:
    """Stands for Healthchecks.io: answers with `status` once it is let go."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    is_dripping: bool = False
    let_go: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{SECRET}"


def handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            receiver.asked.append((self.command, self.path))
            receiver.let_go.wait(10)
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                while receiver.is_dripping and not receiver.over.wait(0.02):
                    self.wfile.write(b".")

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.let_go.set()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(receiver)) as server:
        receiver.port = server.server_port
        settings.SWEEP_PING_URL = receiver.url
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield receiver
        receiver.let_go.set()
        receiver.over.set()
        server.shutdown()
        thread.join()


def beats() -> dict[str, tuple[datetime, str]]:
    return {row.name: (row.at, row.detail) for row in Heartbeat.objects.all()}


@pytest.mark.django_db
def test_a_successful_ping_leaves_a_heartbeat(receiver: Receiver, now: datetime) -> None:
    ping(now=now)
    assert receiver.asked == [("GET", SECRET)]
    assert beats() == {"outside-ping": (now, "")}


@pytest.mark.django_db
@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_refusal_is_recorded_with_its_status(receiver: Receiver, now: datetime, status: int) -> None:
    receiver.status = status
    ping(now=now)
    assert beats() == {"outside-ping-failed": (now, f"HTTP {status}")}


@pytest.mark.django_db
def test_a_refused_connection_is_recorded_as_a_sentence(settings: Any, now: datetime) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings.SWEEP_PING_URL = f"http://127.0.0.1:{port}{SECRET}"
    ping(now=now)
    assert beats() == {"outside-ping-failed": (now, outcomes.NOT_TAKEN)}


@pytest.mark.django_db
def test_a_name_that_does_not_resolve_is_recorded_as_a_sentence(settings: Any, now: datetime) -> None:
    settings.SWEEP_PING_URL = f"http://nowhere.invalid{SECRET}"
    ping(now=now)
    assert beats() == {"outside-ping-failed": (now, outcomes.NO_NAME)}


@pytest.mark.django_db
def test_a_slow_answer_is_given_up(
    receiver: Receiver, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_mans_switch, "SECONDS", 0.05)
    receiver.let_go.clear()
    ping(now=now)
    assert beats() == {"outside-ping-failed": (now, outcomes.LATE)}


@pytest.mark.django_db
def test_an_answer_that_never_ends_is_given_up(
    receiver: Receiver, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each minute would leave a thread behind."""
    monkeypatch.setattr(dead_mans_switch, "SECONDS", 0.3)
    receiver.is_dripping = True
    started = time.monotonic()
    ping(now=now)
    assert time.monotonic() - started < 3
    assert beats() == {"outside-ping-failed": (now, outcomes.LATE)}


@pytest.mark.django_db
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_refusal_and_is_not_followed(receiver: Receiver, now: datetime, status: int) -> None:
    receiver.status, receiver.headers = status, {"Location": "/elsewhere"}
    ping(now=now)
    assert receiver.asked == [("GET", SECRET)]
    assert beats() == {"outside-ping-failed": (now, f"HTTP {status}")}


@pytest.mark.django_db
def test_the_address_may_be_private_and_is_called_without_a_proxy(
    receiver: Receiver, now: datetime, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALLOW_PRIVATE_TARGETS = False
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    ping(now=now)
    assert receiver.asked == [("GET", SECRET)]
    assert beats() == {"outside-ping": (now, "")}


@pytest.mark.django_db
def test_a_fault_of_ours_is_told_without_its_text(
    receiver: Receiver, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_request: object, **_more: object) -> None:
        raise KeyError(receiver.url)

    monkeypatch.setattr(dead_mans_switch.Session, "request", broken)
    ping(now=now)
    assert beats() == {"outside-ping-failed": (now, f"{outcomes.BROKEN} (KeyError)")}


@pytest.mark.django_db
@pytest.mark.parametrize("broken", ["http://127.0.0.1:1/\x7fsecret", "http://127.0.0.1:99999/secret"])
def test_an_invalid_address_is_reported_without_showing_it(settings: Any, now: datetime, broken: str) -> None:
    settings.SWEEP_PING_URL = broken
    ping(now=now)
    (detail,) = Heartbeat.objects.values_list("detail", flat=True)
    assert detail
    assert "secret" not in detail


@pytest.mark.django_db
def test_the_address_is_in_no_log(
    receiver: Receiver, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for receiver.status in (200, 500):
        ping(now=now)
    assert "secret" not in caplog.text
    assert "hidden" not in caplog.text


def test_the_sweep_does_not_wait_for_the_answer(
    receiver: Receiver, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []

    def keep(name: str, **_fields: object) -> None:
        kept.append(name)

    monkeypatch.setattr(dead_mans_switch, "beat", keep)
    receiver.let_go.clear()
    thread = ping_outside(now=now)
    assert thread
    assert kept == []
    receiver.let_go.set()
    thread.join(10)
    assert kept == ["outside-ping"]


def test_without_an_address_nothing_is_called(settings: Any, now: datetime) -> None:
    settings.SWEEP_PING_URL = ""
    assert ping_outside(now=now) is None
