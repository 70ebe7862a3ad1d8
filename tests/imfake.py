"""A real HTTP server on loopback that stands in for chat services, SMS gateways and webhooks."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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
    over: threading.Event = field(default_factory=threading.Event)
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def texts(self) -> list[str]:
        return [body.decode() for _path, _headers, body in self.heard]


@contextlib.contextmanager
def standing_in() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            service.heard.append((self.path, dict(self.headers), self.rfile.read(length)))
            if service.is_slow:
                service.over.wait(20)
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

        def log_message(self, *args: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    service.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
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
