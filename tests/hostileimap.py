"""A small IMAP server on loopback that answers what a test says, impossible things included."""

from __future__ import annotations

import contextlib
import re
import socket
import socketserver
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue


@dataclass
class HostileMail:
    """``date`` and ``size`` are sent as they stand; None leaves the attribute out of every answer."""

    raw: bytes
    date: str | None = '"18-Nov-2026 18:00:00 +0800"'
    size: str | None = ""
    literal: str = ""  # announced for the body instead of its length
    breaks_on: str = ""  # the connection is cut at commands that hold this
    refuses: str = ""  # commands that hold this are answered NO


@dataclass
class HostileServer:
    mails: dict[int, HostileMail] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    logins: int = 0
    tokens: set[str] = field(default_factory=set)  # access tokens that XOAUTH2 accepts
    most_logins: int = 100
    folders: tuple[str, ...] | None = None  # those that can be selected; None: any
    refused_password: str = ""
    echoes: bool = False  # repeats the command when it refuses a login
    says_more: str = ""  # behind what it refuses a login or a folder with
    is_silent: bool = False  # connects, and says nothing
    port: int = 0
    capabilities: str = "UIDPLUS MOVE"
    validity: str = "[UIDVALIDITY 7] ok"  # what SELECT says of it
    finds: str = ""  # the answer to SEARCH, instead of the right one
    says_with_idle: list[str] = field(default_factory=list)  # once, together with the answer
    says_with_done: list[str] = field(default_factory=list)  # before the answer that ends an IDLE
    idling: SimpleQueue[_Session] = field(default_factory=SimpleQueue)  # each session that began an IDLE


class _Session(socketserver.StreamRequestHandler):
    state: HostileServer
    disable_nagle_algorithm = True  # an answer in two writes would wait 40 ms for the client's delayed ACK

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            if self.state.is_silent:
                self.rfile.readline()
                return
            self._say("* OK ready")
            while line := self.rfile.readline():
                tag, _blank, command = line.decode("latin-1").strip().partition(" ")
                if not self._obey(tag, command):
                    return

    def _obey(self, tag: str, command: str) -> bool:
        state, word = self.state, command.split(" ")[0].upper()
        state.commands.append(command)
        if word in (steps := {"LOGIN": self._log_in, "AUTHENTICATE": self._authenticate, "IDLE": self._idle}):
            return steps[word](tag, command)
        if word == "CAPABILITY":
            self._say(f"* CAPABILITY IMAP4rev1 {state.capabilities}")
        elif word == "LIST":
            self._say(*(f'* LIST (\\HasNoChildren) "/" "{name}"' for name in state.folders or ("INBOX",)))
        elif word == "SELECT" and not _is_there(state, command):
            self._say(f"{tag} NO [NONEXISTENT] Mailbox doesn't exist{state.says_more}")
            return True
        elif word == "SELECT":
            self._say(f"* {len(state.mails)} EXISTS", f"* OK {state.validity}")
        elif command.upper().startswith("UID SEARCH"):
            self._say(state.finds or "* SEARCH " + " ".join(map(str, state.mails)))
        elif command.upper().startswith("UID"):
            return self._fetch_or_store(tag, command)
        self._say(f"{tag} OK done")
        return word != "LOGOUT"

    def _log_in(self, tag: str, command: str) -> bool:
        state = self.state
        state.logins += 1
        if state.logins > state.most_logins:
            return False
        is_refused = bool(state.refused_password) and state.refused_password in command
        echo = f" {command}" if state.echoes else state.says_more
        refusal = f"{tag} NO [AUTHENTICATIONFAILED] Authentication failed.{echo}"
        self._say(refusal if is_refused else f"{tag} OK done")
        return True

    def _idle(self, tag: str, _command: str) -> bool:
        more, self.state.says_with_idle = self.state.says_with_idle, []
        self._say("+ idling", *more)
        self.state.idling.put(self)
        if self.rfile.readline().strip() != b"DONE":
            return False
        self._say(*self.state.says_with_done, f"{tag} OK done")
        return True

    def push(self, line: str) -> None:
        """Say something unasked, while the client idles."""
        self._say(line)

    def cut(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def _authenticate(self, tag: str, _command: str) -> bool:
        """XOAUTH2 as Microsoft and Google speak it: an error is a challenge, and its answer is empty."""
        self._say("+ ")
        words = b64decode(self.rfile.readline()).decode().split("\x01")
        self.state.logins += 1
        if words[1].removeprefix("auth=Bearer ") in self.state.tokens:
            self._say(f"{tag} OK done")
            return True
        self._say("+ " + b64encode(b'{"status":"400","schemes":"Bearer"}').decode())
        assert self.rfile.readline() == b"\r\n"
        self._say(f"{tag} NO AUTHENTICATE failed.{self.state.says_more}")
        return True

    def _fetch_or_store(self, tag: str, command: str) -> bool:
        numbers = command.split(" ")[2]
        for sequence, uid in enumerate(sorted(self.state.mails), start=1):
            mail = self.state.mails[uid]
            if not _holds(numbers, uid):
                continue
            if mail.breaks_on and mail.breaks_on in command:
                return False
            if mail.refuses and mail.refuses in command:
                self._say(f"{tag} NO internal error")
                return True
            self._answer(sequence, uid, mail, command)
        self._say(f"{tag} OK done")
        return True

    def _answer(self, sequence: int, uid: int, mail: HostileMail, command: str) -> None:
        items = [f"UID {uid}"]
        if "RFC822.SIZE" in command and mail.size is not None:
            items.append(f"RFC822.SIZE {mail.size or len(mail.raw)}")
        if "INTERNALDATE" in command and mail.date is not None:
            items.append(f"INTERNALDATE {mail.date}")
        part = re.search(r"BODY\.PEEK(\[\w*\])(<0\.(\d+)>)?", command)
        if part is None:
            self._say(f"* {sequence} FETCH ({' '.join(items)})")
            return
        content = mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in command else mail.raw
        content = content[: int(part[3])] if part[3] else content
        announced = mail.literal if mail.literal and "HEADER" not in command else len(content)
        origin = "<0>" if part[2] else ""
        head = f"* {sequence} FETCH ({' '.join(items)} BODY{part[1]}{origin} {{{announced}}}\r\n"
        self.wfile.write(head.encode() + content + b")\r\n")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode("latin-1"))


def _is_there(state: HostileServer, command: str) -> bool:
    return state.folders is None or command.partition(" ")[2].strip('"') in state.folders


def _holds(numbers: str, uid: int) -> bool:
    for part in numbers.split(","):
        first, _colon, last = part.partition(":")
        if int(first) <= uid <= int(last or first):
            return True
    return False


@contextlib.contextmanager
def hostile_imap(*, certificate: str = "") -> Iterator[HostileServer]:
    """``certificate`` is the path of a PEM file with a key, for TLS from the start."""
    state = HostileServer()

    class Session(_Session):
        pass

    Session.state = state

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Session) as server:
        state.port = server.server_address[1]
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True).start()
        try:
            yield state
        finally:
            server.shutdown()
