"""Ends the parts when the supervisor was killed and could not end them itself.

A process of its own, run as a file: `python -I -S orphan_cleanup.py GRACE`. Each line on its standard input
is the full list of process groups that are alive now; the end of the input means that the supervisor is gone.
If the last list is empty, everything was ended in order.
"""

import os
import signal
import sys
import time

POLL = 0.05


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    return True


def send_signal(groups: list[int], number: signal.Signals) -> None:
    for group in filter(is_alive, groups):
        os.killpg(group, number)


def end_groups(groups: list[int], grace: float) -> None:
    """Send SIGTERM to all, and SIGKILL to those still alive after the grace period (seconds)."""
    send_signal(groups, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(map(is_alive, groups)) and time.monotonic() < deadline:
        time.sleep(POLL)
    send_signal(groups, signal.SIGKILL)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: list[int] = []
    for line in sys.stdin:
        groups = [int(word) for word in line.split()]
    end_groups(groups, float(sys.argv[1]))


if __name__ == "__main__":
    main()
