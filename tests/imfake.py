"""A real HTTP server on loopback that stands in for chat services, SMS gateways and webhooks."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tickets.protocols.http import Session

OK = '{"errcode":0,"errmsg":"ok"}'


@dataclass
class Service:
    """Answers every POST with `status` and `body`; one that is `slow` waits until the test is over."""

    port: int = 0
    status: int = 200
    body: str = OK
    headers: dict[str, str] = field(default_factory=dict)
    is_slow: bool = False
    is_dripping: bool = False
    hangs_up: bool = False
    over: threading.Event = field(default_factory=threading.Event)
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def texts(self) -> list[str]:
        return [body.decode() for _path, _headers, body in self.heard]

    @property
    def all_heard(self) -> str:
        """Every request, path and body, without the escapes of addresses."""
        return unquote_plus(" ".join(f"{path} {body.decode()}" for path, _headers, body in self.heard))

    def stands_in_for_everybody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever host is asked, the request comes here: `https://sms.example/send` as `/sms.example/send`."""
        real = Session.request

        def request(session: Session, method: str, url: str, **wishes: Any) -> requests.Response:
            parts = urlsplit(url)
            query = f"?{parts.query}" if parts.query else ""
            return real(session, method, f"{self.url}/{parts.netloc}{parts.path}{query}", **wishes)

        monkeypatch.setattr(Session, "request", request)


@contextlib.contextmanager
def standing_in(*, certificate: str = "") -> Iterator[Service]:
    """``certificate`` is the path of a PEM file with a key, for HTTPS."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            service.heard.append((self.path, dict(self.headers), self.rfile.read(length)))
            if service.is_slow:
                service.over.wait(20)
            if service.hangs_up:
                self.close_connection = True
                return
            with contextlib.suppress(OSError):
                self._answer()

        do_GET = do_POST

        def _answer(self) -> None:
            self.send_response(service.status)
            for name, value in service.headers.items():
                self.send_header(name, value)
            self.end_headers()
            while service.is_dripping and not service.over.wait(0.05):
                self.wfile.write(b".")
            self.wfile.write(service.body.encode())

        def handle(self) -> None:
            with contextlib.suppress(OSError):  # whoever refuses the certificate hangs up
                super().handle()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    service.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True).start()
    try:
        yield service
    finally:
        service.over.set()
        server.shutdown()
        server.server_close()


def closed_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextlib.contextmanager
def saying(words: bytes, *, times: int = 1) -> Iterator[int]:
    """A port at which everybody is told these bytes, whatever they ask."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def say() -> None:
            with contextlib.suppress(OSError):
                connection, _address = server.accept()
                with connection:
                    connection.recv(65536)
                    for _time in range(times):
                        connection.sendall(words)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):  # else what is unread becomes a reset
                        pass

        threading.Thread(target=say, daemon=True).start()
        yield server.getsockname()[1]


@contextlib.contextmanager
def resetting() -> Iterator[int]:
    """A port at which every connection is reset when something was said."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def reset() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _address = server.accept()
                    connection.recv(1)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.close()

        threading.Thread(target=reset, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def self_signed(path: Path, *, ends: timedelta = timedelta(days=1)) -> str:
    """A certificate for "localhost" that nobody vouches for, with its key; the path as text. It ``ends`` from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(encoding))
    return str(path)
