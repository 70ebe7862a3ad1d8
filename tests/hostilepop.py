"""A small POP3 server on loopback that answers what a test says. Deletions count from QUIT on (RFC 1939, 6)."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class PopServer:
    """``mails`` by UIDL, oldest first. ``breaks_on``: commands at which the connection is cut; ``refuses``: -ERR."""

    mails: dict[str, bytes] = field(default_factory=dict)
    sizes: dict[str, str] = field(default_factory=dict)  # announced instead of the length
    names: dict[str, str] = field(default_factory=dict)  # announced instead of the UIDL
    echoes: bool = False  # repeats the password when it refuses a login
    breaks_on: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    password: str = "secret"
    commands: list[str] = field(default_factory=list)
    port: int = 0

    def asked(self, word: str) -> list[str]:
        return [command for command in self.commands if command.startswith(word)]


class _Session(socketserver.StreamRequestHandler):
    state: PopServer
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.names, self.deleted = list(self.state.mails), set[str]()
        with contextlib.suppress(OSError):
            self._say("+OK ready")
            while line := self.rfile.readline().decode().strip():
                self.state.commands.append(line)
                if line.startswith(self.state.breaks_on or "?") or not self._obey(*line.split(" ")):
                    return

    def _obey(self, word: str, *rest: str) -> bool:
        state = self.state
        if " ".join((word, *rest)).startswith(state.refuses or "?"):
            self._say("-ERR not now")
        elif word == "PASS" and rest != (state.password,):
            self._say(f"-ERR [AUTH] Authentication failed.{f' PASS {rest[0]}' * state.echoes}")
        elif word in ("LIST", "UIDL"):
            sizes = [state.sizes.get(name, str(len(state.mails[name]))) for name in self.names]
            names = [state.names.get(name, name) for name in self.names]
            values = sizes if word == "LIST" else names
            self._say("+OK", *(f"{number} {value}" for number, value in enumerate(values, 1)), ".")
        elif word in ("RETR", "TOP"):
            self._send(word, state.mails[self.names[int(rest[0]) - 1]])
        elif word == "DELE" and self.names[int(rest[0]) - 1] in self.deleted:
            self._say("-ERR it is deleted already")
        elif word == "DELE":
            self.deleted.add(self.names[int(rest[0]) - 1])
            self._say("+OK")
        elif word == "QUIT":
            for name in self.deleted:
                state.mails.pop(name, None)
            self._say("+OK")
        else:
            self._say("+OK" if word in ("USER", "PASS") else "-ERR unknown")
        return word != "QUIT"

    def _send(self, word: str, raw: bytes) -> None:
        content = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if word == "TOP" else raw
        lines = content.removesuffix(b"\r\n").split(b"\r\n")
        stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
        self.wfile.write(b"+OK\r\n" + stuffed + b"\r\n.\r\n")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


@contextlib.contextmanager
def hostile_pop() -> Iterator[PopServer]:
    state = PopServer()

    class Session(_Session):
        pass

    Session.state = state

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Session) as server:
        state.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True).start()
        try:
            yield state
        finally:
            server.shutdown()
