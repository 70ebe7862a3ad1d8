"""A desk in a fresh folder: a copy of the project, run by `manage.py desk` on a PostgreSQL database of its own."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.flow.waiting import free_port, until

PROJECT = Path(__file__).parents[2]
# What people may want to see after a run: screenshots, and all that the desk said.
ARTEFACTS = PROJECT / ".var" / "ci"
# Every process that descends from a desk has this variable with the desk's folder.
MARK = "DESK_FLOW_FOLDER"


@dataclass
class FreshDesk:
    """`said` holds what the desk printed so far."""

    folder: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    lmtp_port: int = field(default_factory=free_port)
    smtp_port: int = field(default_factory=free_port)
    said: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def copy(self) -> None:
        """The files of the project as git knows them, and nothing of what lies beside them."""
        listing = ["git", "ls-files", "-z", "-co", "--exclude-standard"]
        names = subprocess.run(listing, cwd=PROJECT, capture_output=True, check=True, text=True).stdout
        for name in filter(None, names.split("\0")):
            if (PROJECT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / name, self.folder / name)

    def manage(self, *words: str, stdin: bytes = b"") -> str:
        """Run a command of the desk to its end. Fails with all its output when it fails."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=self.folder,
            env=self._environment(),
            input=stdin,
            capture_output=True,
            timeout=120,
        )
        output = (done.stdout + done.stderr).decode()
        assert done.returncode == 0, f"manage.py {' '.join(words)}: status {done.returncode}\n{output}"
        return output

    @contextmanager
    def running(self) -> Iterator["FreshDesk"]:
        """Start it, wait until it is open, and kill what is left of it at the end."""
        self.start()
        try:
            until(self.is_open, "the desk is open", 90)
            yield self
        finally:
            for pid in self.processes():
                os.kill(pid, signal.SIGKILL)
            assert self.process
            self.process.wait(20)
            self.reader.join(20)
            ARTEFACTS.mkdir(parents=True, exist_ok=True)
            (ARTEFACTS / "desk.log").write_text(self.words, encoding="utf-8")

    def start(self) -> None:
        ports = {"--port": self.port, "--lmtp-port": self.lmtp_port, "--smtp-port": self.smtp_port}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "desk", *(str(word) for pair in ports.items() for word in pair)],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def is_open(self) -> bool:
        assert self.process
        assert self.process.poll() is None, "The desk ended:\n" + self.words
        return "The desk is running" in self.words

    @property
    def words(self) -> str:
        return "".join(self.said)

    def processes(self) -> list[int]:
        """All processes of this desk that live now, wherever they are in the tree of processes."""
        numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [number for number in numbers if self._is_ours(number)]

    def command(self, number: int) -> bytes:
        """The command line of a process; empty when it is gone."""
        try:
            return Path(f"/proc/{number}/cmdline").read_bytes()
        except OSError:
            return b""

    def _is_ours(self, pid: int) -> bool:
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return f"{MARK}={self.folder}".encode() in environment.split(b"\0") and state != "Z"

    def _environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "CI") if name in os.environ}
        return {**inherited, MARK: str(self.folder), **self.environment}

    def _read(self) -> None:
        assert self.process
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self.said.append(line)
