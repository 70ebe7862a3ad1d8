"""What is killed, and how its processes are found. Only processes of the one desk are ever signalled."""

import os
import random
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import psycopg

from tests.flow.chaos.colleague import Colleague
from tests.flow.chaos.database import OwnServer
from tests.flow.desk import FreshDesk
from tests.flow.waiting import until

READY = re.compile(r"(Process-\w+) ready for work at (\d+)")
ROLES = {
    "monitor": re.compile(r"monitoring at (\d+)"),
    "pusher": re.compile(r"pushing tasks at (\d+)"),
    "sweep": re.compile(r"lane of enforcement does sweep at (\d+)"),
    "page": re.compile(r"lane of enforcement does page at (\d+)"),
}
PROCESSES = 10  # main, sentinel, three workers, monitor, pusher, and the lane of three
# A transaction of the sweep that has written, or is about to.
SWEEPING = """
    SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND xact_start IS NOT NULL
    AND (query LIKE '%FOR UPDATE SKIP LOCKED%tickets_ticket%' OR query LIKE '%tickets_ticket%FOR UPDATE SKIP LOCKED%'
         OR query LIKE 'INSERT INTO "escalation_%' OR query LIKE 'UPDATE "escalation_clock"%')
"""


class Kill(StrEnum):
    SWEEP = "sweep"
    PAGE = "page"
    WORKER = "worker"
    MONITOR = "monitor"
    SENTINEL = "sentinel"
    PUSHER = "pusher"
    MAIN = "main process of the cluster"
    CLUSTER = "whole cluster in the middle of a sweep"
    WEB = "web workers in the middle of an answer"
    LISTENER = "mail listener"
    DATABASE_FAST = "database restarted, sessions ended"
    DATABASE_CRASH = "database restarted after a crash"


KILLS = tuple(Kill)


def sequence(rounds: int, chance: random.Random) -> list[Kill]:
    """Every kind once before any comes again, in a random order each time."""
    kills: list[Kill] = []
    while len(kills) < rounds:
        kills += chance.sample(KILLS, len(KILLS))
    return kills[:rounds]


@dataclass
class Killer:
    """Does one kill and says what it hit."""

    desk: FreshDesk
    server: OwnServer
    colleague: Colleague
    chance: random.Random

    def kill(self, what: Kill) -> str:
        match what:
            case Kill.DATABASE_FAST:
                return self._restart_database("fast")
            case Kill.DATABASE_CRASH:
                return self._restart_database("immediate")
            case Kill.WEB:
                return self._kill_web()
            case Kill.LISTENER:
                end(self._named(b"listen_mail"))
            case Kill.CLUSTER:
                return self._kill_cluster()
            case _:
                end([self._member(what)])
        return "done"

    def _restart_database(self, mode: str) -> str:
        away = self.chance.uniform(0, 8)
        self.server.restart(mode, away=away)
        return f"away for {away:.1f} s"

    def cluster(self) -> list[int]:
        """In the order of their start."""
        return sorted(self._named(b"qcluster"))

    def whole_cluster(self) -> list[int]:
        until(lambda: len(self.cluster()) == PROCESSES and self._workers(), "a whole cluster", 120)
        return self.cluster()

    def _member(self, what: Kill) -> int:
        main, sentinel, *children = self.whole_cluster()
        match what:
            case Kill.MAIN:
                return main
            case Kill.SENTINEL:
                return sentinel
            case Kill.WORKER:
                return self.chance.choice(list(self._workers().values()))
            case _:
                pids = until(lambda: self._by_role(what, children), f"the {what}", 60)
                return pids[-1]

    def _by_role(self, role: str, children: list[int]) -> list[int]:
        return [int(number) for number in ROLES[role].findall(self.desk.words) if int(number) in children]

    def _workers(self) -> Mapping[str, int]:
        """The workers that live, by the names that they have in the log."""
        alive = set(self.cluster())
        return {name: int(pid) for name, pid in READY.findall(self.desk.words) if int(pid) in alive}

    def _kill_cluster(self) -> str:
        """With SIGKILL to its process group, as soon as one of its transactions is seen to sweep."""
        main = self.whole_cluster()[0]
        group = os.getpgid(main)
        assert group != os.getpgrp()
        seen = self._see_a_sweep(30)
        os.killpg(group, signal.SIGKILL)
        return "in a transaction" if seen else "between two sweeps"

    def _see_a_sweep(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        with psycopg.connect(self.server.url, autocommit=True) as session:
            while time.monotonic() < deadline:
                if session.execute(SWEEPING).fetchone() != (0,):
                    return True
        return False

    def _kill_web(self) -> str:
        """All workers of the web server, within the time that an answer takes to be written."""
        after = self.chance.uniform(0.0, 0.08)
        answering = partial(self.colleague.answer_next, sending=lambda: _later(after, self._end_web))
        until(answering, "an answer on its way", 60)
        return f"{after * 1000:.0f} ms after a form was sent"

    def _end_web(self) -> None:
        web = sorted(self._named(b"gunicorn"))
        end([pid for pid in web if parent(pid) in web])

    def _named(self, word: bytes) -> list[int]:
        return [number for number in self.desk.processes() if word in self.desk.command(number)]


def end(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def parent(pid: int) -> int:
    """0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _later(seconds: float, work: Callable[[], None]) -> None:
    threading.Timer(seconds, work).start()
