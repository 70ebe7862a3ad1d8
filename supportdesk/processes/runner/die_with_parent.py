"""Becomes the given program, and has Linux send it SIGTERM when the supervisor dies.

Run as a file: `python -I -S die_with_parent.py SUPERVISOR_PID program arguments...`. It is a step between fork and
exec, because a preexec function is unsafe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with(supervisor: int) -> None:
    """Ask Linux for SIGTERM when the supervisor dies; elsewhere only orphan_cleanup.py ends the part."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    # The supervisor may have died before we asked.
    if os.getppid() != supervisor:
        sys.exit(1)


def main() -> None:
    supervisor, *argv = sys.argv[1:]
    die_with(int(supervisor))
    try:
        os.execvp(argv[0], argv)  # noqa: S606  # deliberately without a shell
    except OSError as error:
        sys.exit(f"{argv[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
