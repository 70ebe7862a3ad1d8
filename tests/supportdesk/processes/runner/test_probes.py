"""Signs of life of listening parts, asked over real sockets."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from supportdesk.processes.runner import probes
from supportdesk.processes.runner.parts import Liveness

Serve = Callable[[bytes], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server that says the given bytes to its first visitor; returns its port."""
    servers: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(answer: bytes) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)
        threads.append(threading.Thread(target=answer_once, args=(server, answer)))
        threads[-1].start()
        return int(server.getsockname()[1])

    yield start
    for thread in threads:
        thread.join()
    for server in servers:
        server.close()


def answer_once(server: socket.socket, answer: bytes) -> None:
    connection, _peer = server.accept()
    with connection:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1024):
            pass


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (b"200 OK", Liveness.ALIVE),
        (b"400 Bad Request", Liveness.ALIVE),
        (b"502 Bad Gateway", Liveness.SILENT),
    ],
)
def test_a_web_server_is_alive_unless_it_answers_with_a_server_error(
    serve: Serve, status: bytes, answer: Liveness
) -> None:
    port = serve(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    sign = probes.web_probe("127.0.0.1", port, "/healthz/live")()
    assert sign.answer is answer
    assert sign.detail == f"HTTP {int(status[:3])}"


def test_a_web_server_that_hangs_up_is_silent(serve: Serve) -> None:
    assert probes.web_probe("127.0.0.1", serve(b""), "/")().answer is Liveness.SILENT


@pytest.mark.parametrize(
    ("line", "answer"),
    [(b"220 desk\r\n", Liveness.ALIVE), (b"421 busy\r\n", Liveness.SILENT), (b"", Liveness.SILENT)],
)
def test_a_mail_server_is_alive_when_it_greets(serve: Serve, line: bytes, answer: Liveness) -> None:
    assert probes.greeting_probe("127.0.0.1", serve(line))().answer is answer


@pytest.mark.parametrize(
    "probe", [probes.greeting_probe("127.0.0.1", 1), probes.web_probe("127.0.0.1", 1, "/")]
)
def test_a_refused_connection_counts_as_silence_with_the_reason(probe: Callable[[], object]) -> None:
    assert "refused" in str(probe())
