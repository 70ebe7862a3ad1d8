"""Asks a listening part for a sign of life: a web page that answers, a mail server that greets.

Uses only the standard library: the supervisor must outlive every part, so it loads little. It asks only this machine,
where neither names, TLS nor redirects need the care of tickets.protocols.http
(.github/decisions/processes.md).
"""

import http.client
import socket

from supportdesk.processes.runner.parts import Liveness, Probe, Sign

TIMEOUT = 5.0


def web_probe(host: str, port: int, path: str) -> Probe:
    """A probe: alive if the page answers within five seconds without a server error (5xx).

    A refusal (4xx) is a sign of life too: ALLOWED_HOSTS need not contain the host name that the probe uses.
    """

    def probe() -> Sign:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
        try:
            connection.request("GET", path, headers={"User-Agent": "desk", "Host": "localhost"})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return Sign(Liveness.SILENT, str(error) or type(error).__name__)
        finally:
            connection.close()
        return Sign(Liveness.ALIVE if status < 500 else Liveness.SILENT, f"HTTP {status}")

    return probe


def greeting_probe(host: str, port: int) -> Probe:
    """A probe: alive if the server greets with 220, as SMTP and LMTP servers do."""

    def probe() -> Sign:
        try:
            with socket.create_connection((host, port), timeout=TIMEOUT) as connection:
                line = connection.makefile("rb").readline(512)
                connection.sendall(b"QUIT\r\n")
        except OSError as error:
            return Sign(Liveness.SILENT, str(error))
        alive = line.startswith(b"220")
        return Sign(Liveness.ALIVE if alive else Liveness.SILENT, line.decode("ascii", "replace").strip())

    return probe
