"""Waiting for things that happen in other processes."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(question: Callable[[], T], what: str, seconds: float = 60, every: float = 0.25) -> T:
    """Ask again and again until the answer is true, and return it. Fails with `what` after the given time."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"Waited {seconds} s in vain: {what}"
        time.sleep(every)
    return answer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
