"""One host of a desk on several: a folder of its own, no file shared, and what its unit would start."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.flow.desk import PROJECT
from tests.flow.hosts.network import Network

CLOCK = Path(__file__).parent / "clock"
WEB_PORT, LMTP_PORT = 8000, 8024
WEB = (
    "-m", "gunicorn", "supportdesk.wsgi:application", "--bind", f"0.0.0.0:{WEB_PORT}", "--worker-class", "gthread",
    "--workers", "1", "--threads", "4", "--graceful-timeout", "8", "--no-control-socket",
)  # fmt: skip
QUEUE = ("manage.py", "qcluster")
LISTENER = (
    "manage.py", "listen_mail", "--host", "0.0.0.0", "--lmtp-port", str(LMTP_PORT), "--smtp-port", "0",
)  # fmt: skip


@dataclass
class Host:
    """``clock_off`` is by how many seconds its clock is ahead at its next start."""

    name: str
    work: tuple[str, ...]
    network: Network
    folder: Path
    environment: dict[str, str]
    clock_off: float = 0
    address: str = ""
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.log = self.folder / "log"
        self.address = self.network.connect(self.name)

    @property
    def url(self) -> str:
        return f"http://{self.address}:{WEB_PORT}/"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.network.command(self.name, sys.executable, *self.work),
                cwd=PROJECT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def manage(self, *words: str) -> str:
        """Run a command of the desk on this host to its end."""
        done = subprocess.run(
            self.network.command(self.name, sys.executable, "manage.py", *words),
            cwd=PROJECT, env=self._environment(), capture_output=True, text=True, timeout=180,
        )  # fmt: skip
        assert done.returncode == 0, (
            f"manage.py {' '.join(words)} on {self.name}:\n{done.stdout}{done.stderr}"
        )
        return done.stdout

    def kill(self) -> None:
        """Everything on it at once, as when it loses its power."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)
            self.process = None

    def stop(self) -> None:
        """As its unit does; what takes longer than a minute is killed."""
        assert self.process
        self.process.terminate()
        try:
            self.process.wait(60)
        finally:
            self.kill()

    def words(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def _environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        clock = {"PYTHONPATH": f"{CLOCK}", "CLOCK_OFF": str(self.clock_off)} if self.clock_off else {}
        return {**inherited, **self.environment, "DESK_VAR_DIR": str(self.folder / "var"), **clock}
