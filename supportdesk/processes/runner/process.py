"""One running part as the operating system sees it: a process group of its own, which is ended as a whole.

A part's main process may die and leave children that go on working, so the whole group is ended.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from supportdesk.processes.runner.output import Printer
from supportdesk.processes.runner.parts import DeskPart

HERE = Path(__file__).parent
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Let Linux hand orphaned grandchildren to us instead of to process 1.

    In a container, process 1 often reaps nobody, and a group with a zombie looks alive for ever.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def clean_python(script: str, *arguments: str) -> list[str]:
    """Run a file of this package without site packages: it starts in 20 ms and needs nothing."""
    return [sys.executable, "-I", "-S", str(HERE / script), *arguments]


class Process:
    """A part's main process and its group."""

    def __init__(self, part: DeskPart, printer: Printer) -> None:
        read, write = os.pipe()
        self.popen = subprocess.Popen(  # noqa: S603  # the parts are ours
            clean_python("die_with_parent.py", str(os.getpid()), *part.argv),
            env={**os.environ, "PYTHONUNBUFFERED": "1", **part.env},
            stdin=subprocess.DEVNULL,
            stdout=write,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(write)
        self.group = self.popen.pid
        self.output = printer.follow(part.name, os.fdopen(read, "rb"))

    def status(self) -> int | None:
        """None while it runs; then its exit status, or the negative number of the signal that ended it."""
        return self.popen.poll()

    def terminate(self) -> None:
        """Ask the main process to end; it ends its own children."""
        if self.status() is None:
            self.popen.terminate()

    def kill(self) -> None:
        """End every process of the group that is still there, at once."""
        try:
            os.killpg(self.group, signal.SIGKILL)
        except ProcessLookupError:
            return

    def is_gone(self) -> bool:
        """True if no process of the group is left. Reaps adopted ones."""
        if self.status() is None:
            return False
        self._bury()
        try:
            os.killpg(self.group, 0)
        except ProcessLookupError:
            return True
        return False

    def _bury(self) -> None:
        try:
            while os.waitpid(-self.group, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return


class OrphanCleaner:
    """The process (orphan_cleanup.py) that ends the groups if this one is killed. It must be told of every change."""

    def __init__(self, grace: float) -> None:
        self.grace = grace
        self._start()

    def tell(self, groups: Iterable[int]) -> None:
        """Send the groups that are alive now; start a new cleaner if the old one was killed."""
        living = set(groups)
        if self.popen.poll() is not None:
            os.close(self.line)
            self._start()
        if living != self.known:
            self._write(living)

    def dismiss(self) -> None:
        """End the cleaner; call this when no group is alive any more."""
        self.tell(())
        os.close(self.line)
        self.popen.wait()

    def _start(self) -> None:
        read, self.line = os.pipe()
        self.known: set[int] = set()
        self.popen = subprocess.Popen(  # noqa: S603  # a file of this package
            clean_python("orphan_cleanup.py", str(self.grace)),
            stdin=read,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(read)

    def _write(self, living: set[int]) -> None:
        try:
            os.write(self.line, " ".join(map(str, sorted(living))).encode() + b"\n")
        except BrokenPipeError:
            return
        self.known = living


def exit_in_words(status: int) -> str:
    """How a process ended, in words: "status 3" or "SIGKILL"."""
    if status >= 0:
        return f"status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
