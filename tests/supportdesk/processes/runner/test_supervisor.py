"""Parts that die, fall silent or will not stop: first with a clock of our own, then with real processes."""

import io
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supportdesk.processes.runner.output import LONGEST_LINE, Printer
from supportdesk.processes.runner.parts import DeskPart, Liveness, Sign
from supportdesk.processes.runner.process import OrphanCleaner, Process, exit_in_words
from supportdesk.processes.runner.restart_policy import GIVEN_UP_AFTER, PartKeeper, State
from supportdesk.processes.runner.supervisor import Supervisor

ROOT = Path(__file__).parents[4]
ALIVE = Sign(Liveness.ALIVE)
SILENT = Sign(Liveness.SILENT, "no answer")
UNKNOWN = Sign(Liveness.UNKNOWN, "the database does not respond")


class FakeProcess:
    """A process whose life is decided by the test. `stubborn` ignores a polite request to end."""

    group = 1

    def __init__(self, *, stubborn: bool = False) -> None:
        self.ended: int | None = None
        self.stubborn = stubborn
        self.children_left = True
        self.asked = False

    def status(self) -> int | None:
        return self.ended

    def terminate(self) -> None:
        self.asked = True
        if not self.stubborn and self.ended is None:
            self.ended = 0

    def kill(self) -> None:
        self.children_left = False
        if self.ended is None:
            self.ended = -9

    def is_gone(self) -> bool:
        return self.ended is not None and not self.children_left


class Stage:
    """A keeper with fake processes and a hand-turned clock."""

    def __init__(self, probe: Callable[[], Sign] | None = None, *, stubborn: bool = False) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.started: list[FakeProcess] = []
        self.stubborn = stubborn
        part = DeskPart(
            name="web", argv=("web",), probe=probe, probe_every=15, patience=45, grace=10, ready="at home"
        )
        self.keeper = PartKeeper(
            part, start=self.start, say=self.said.append, show=self.said.append, run_job=lambda job: job()
        )

    def start(self, part: DeskPart) -> FakeProcess:
        self.started.append(FakeProcess(stubborn=self.stubborn))
        return self.started[-1]

    @property
    def process(self) -> FakeProcess:
        return self.started[-1]

    def until(self, now: float) -> None:
        while self.now < now:
            self.now += 0.5
            self.keeper.tick(self.now)


def test_a_part_that_died_is_started_again_after_its_group_has_ended() -> None:
    stage = Stage()
    stage.until(1)
    dead = stage.process
    dead.ended = 3
    stage.until(1.5)
    assert not dead.children_left
    assert stage.said == ["web: exited by itself (status 3); starting it again in 1 s."]
    assert len(stage.started) == 1
    stage.until(3)
    assert len(stage.started) == 2


def test_an_exit_with_status_0_is_a_death_too() -> None:
    stage = Stage()
    stage.until(1)
    stage.process.ended = 0
    stage.until(3)
    assert len(stage.started) == 2


def test_each_failure_in_a_row_waits_longer_and_the_fifth_gives_up() -> None:
    stage = Stage()
    waits = []
    for _failure in range(GIVEN_UP_AFTER):
        stage.until(stage.now + 0.5)
        stage.process.ended = -9
        starts_so_far, since = len(stage.started), stage.now
        stage.until(stage.now + 0.5)
        while len(stage.started) == starts_so_far and not stage.keeper.given_up:
            stage.until(stage.now + 0.5)
        waits.append(round(stage.now - since))
    assert stage.keeper.given_up
    assert stage.keeper.state is State.OFF
    assert waits[:4] == sorted(waits[:4])
    assert waits[3] >= 8
    assert stage.said[-1] == "web: exited by itself (SIGKILL)."


def test_failures_are_forgotten_after_a_part_ran_well_for_a_minute() -> None:
    stage = Stage()
    for _failure in range(GIVEN_UP_AFTER + 2):
        stage.until(stage.now + 65)
        stage.process.ended = 1
    stage.until(stage.now + 5)
    assert not stage.keeper.given_up
    assert len(stage.started) == GIVEN_UP_AFTER + 3


def test_a_part_that_works_until_it_is_killed_is_never_given_up_but_waits_longer() -> None:
    stage = Stage(lambda: ALIVE)
    for _death in range(2 * GIVEN_UP_AFTER):
        stage.until(stage.now + 3)
        stage.process.ended = -9
        stage.until(stage.now + 35)
    assert not stage.keeper.given_up
    assert len(stage.started) == 2 * GIVEN_UP_AFTER + 1
    assert stage.said[-2].endswith("starting it again in 30 s.")


def test_a_part_that_worked_once_and_cannot_start_any_more_is_given_up() -> None:
    stage = Stage(lambda: ALIVE if len(stage.started) == 1 else SILENT)
    for _death in range(GIVEN_UP_AFTER + 1):
        assert not stage.keeper.given_up
        stage.until(stage.now + 3)
        stage.process.ended = 1
        stage.until(stage.now + 35)
    assert stage.keeper.given_up


@pytest.mark.parametrize(("last", "restarted"), [(45.0, False), (45.5, True)])
def test_a_part_silent_for_longer_than_its_patience_is_restarted(last: float, restarted: bool) -> None:
    stage = Stage(lambda: SILENT)
    stage.until(0.5 + last)
    assert stage.process.asked is restarted
    assert any("no sign of life" in text for text in stage.said) is restarted


def test_a_part_that_falls_silent_again_and_again_is_never_given_up() -> None:
    stage = Stage(lambda: SILENT)
    stage.until(60 * 20)
    assert len(stage.started) > 2 * GIVEN_UP_AFTER
    assert not stage.keeper.given_up


def test_a_sign_of_life_starts_the_patience_anew() -> None:
    signs = iter([ALIVE, SILENT, SILENT, ALIVE, *[SILENT] * 100])
    stage = Stage(lambda: next(signs))
    stage.until(46 + 44)
    assert len(stage.started) == 1
    assert not stage.process.asked
    stage.until(46 + 50)
    assert stage.started[0].asked


def test_a_part_of_unknown_liveness_is_not_restarted_and_reported_once() -> None:
    stage = Stage(lambda: UNKNOWN)
    stage.until(300)
    assert len(stage.started) == 1
    assert stage.said == ["web: cannot be judged now: the database does not respond"]


def test_after_an_outage_the_part_gets_its_whole_patience_again() -> None:
    stage = Stage(lambda: UNKNOWN if stage.now < 200 else SILENT)
    stage.until(200 + 40)
    assert not stage.process.asked
    stage.until(200 + 50)
    assert stage.started[0].asked


def test_a_part_that_dies_during_an_outage_is_not_given_up() -> None:
    stage = Stage(lambda: UNKNOWN)
    for _failure in range(GIVEN_UP_AFTER + 2):
        stage.until(stage.now + 5)
        stage.process.ended = 1
    stage.until(stage.now + 5)
    assert not stage.keeper.given_up


def test_an_error_in_a_probe_restarts_no_part() -> None:
    def broken() -> Sign:
        raise RuntimeError("a mistake of ours")

    stage = Stage(broken)
    stage.until(300)
    assert len(stage.started) == 1
    assert "a mistake of ours" in stage.said[0]


def test_the_ready_message_is_printed_once_at_the_first_sign_of_life() -> None:
    stage = Stage(lambda: SILENT if stage.now < 3 else ALIVE)
    stage.until(2.5)
    assert stage.said == []
    stage.until(60)
    assert stage.said == ["at home"]


def test_a_part_that_will_not_stop_is_killed_after_its_grace() -> None:
    stage = Stage(stubborn=True)
    stage.until(1)
    stage.keeper.retire(stage.now)
    stage.until(10.5)
    assert stage.process.ended is None
    stage.until(11.5)
    assert stage.process.ended == -9
    assert stage.keeper.state is State.OFF


def test_a_retired_part_is_not_started_again() -> None:
    stage = Stage()
    stage.until(1)
    stage.process.ended = 1
    stage.until(1.5)
    stage.keeper.retire(stage.now)
    stage.until(60)
    assert stage.keeper.state is State.OFF
    assert len(stage.started) == 1


@pytest.mark.parametrize(
    ("status", "words"), [(0, "status 0"), (3, "status 3"), (-9, "SIGKILL"), (-200, "signal 200")]
)
def test_the_end_of_a_process_is_put_into_words(status: int, words: str) -> None:
    assert exit_in_words(status) == words


def test_every_line_is_printed_after_the_name_of_its_part() -> None:
    out = io.StringIO()
    Printer(out).say("web", "one\ntwo")
    assert out.getvalue() == "web     | one\nweb     | two\n"


def test_lines_of_json_stay_as_they_are() -> None:
    out = io.StringIO()
    line = '{"time": "2026-11-29T23:15:01.123+00:00", "message": "one"}'
    Printer(out).say("web", f"{line}\ntwo")
    assert out.getvalue() == f"{line}\nweb     | two\n"


def test_the_welcome_is_printed_without_prefixes_so_that_it_can_be_copied() -> None:
    out = io.StringIO()
    Printer(out).show("one\ntwo")
    assert out.getvalue() == "\none\ntwo\n\n"


def test_a_closed_output_stops_nothing() -> None:
    out = io.StringIO()
    out.close()
    Printer(out).say("web", "one")


# --- Real processes ----------------------------------------------------------------------------------


def python(code: str, **more: object) -> DeskPart:
    return DeskPart(name="part", argv=(sys.executable, "-c", code), **more)  # type: ignore[arg-type]


@pytest.fixture
def lifeline() -> Iterator[tuple[int, int]]:
    """A pipe whose writing end lives in the processes of a test: its end means that all of them are gone."""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    yield read, write
    os.close(read)


def wait_for_the_end(read: int) -> None:
    """Until nobody holds the other end of the lifeline any more."""
    assert select.select([read], [], [], 20)[0], "a process is left"
    assert os.read(read, 1) == b""


def spawner(monkeypatch: pytest.MonkeyPatch, write: int) -> None:
    """Let started processes keep the lifeline open."""
    real = subprocess.Popen

    def popen(*args: object, **kwargs: object) -> object:
        return real(*args, pass_fds=(write,), **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr("supportdesk.processes.runner.process.subprocess.Popen", popen)


FAMILY = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.fork()
    time.sleep(600)
print("up", flush=True)
time.sleep(600)
"""


def test_killing_a_group_leaves_no_grandchild(
    monkeypatch: pytest.MonkeyPatch, lifeline: tuple[int, int]
) -> None:
    read, write = lifeline
    spawner(monkeypatch, write)
    heard = io.StringIO()
    process = Process(python(FAMILY), Printer(heard))
    os.close(write)
    process.kill()
    wait_for_the_end(read)
    assert process.popen.wait() == -signal.SIGKILL
    process.output.join()


def test_output_is_taken_line_by_line_and_endless_lines_are_cut() -> None:
    heard = io.StringIO()
    process = Process(
        python(f"print('ä'); print('x' * {LONGEST_LINE + 5}); import sys; sys.stderr.write('end')"),
        Printer(heard),
    )
    process.output.join()
    process.popen.wait()
    lines = heard.getvalue().splitlines()
    assert lines[0] == "part    | ä"
    assert lines[2] == "part    | xxxxx"
    assert lines[-1] == "part    | end"


def test_a_missing_program_is_reported() -> None:
    heard = io.StringIO()
    process = Process(DeskPart(name="part", argv=("/nowhere/nothing",)), Printer(heard))
    process.output.join()
    assert process.popen.wait() == 1
    assert "/nowhere/nothing: No such file" in heard.getvalue()


def test_a_part_that_cannot_live_ends_the_desk_with_status_1() -> None:
    heard = io.StringIO()
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        for keeper in supervisor.keepers:
            if keeper.life and isinstance(keeper.life.process, Process):
                keeper.life.process.popen.wait()

    supervisor = Supervisor(
        [python("print('no'); raise SystemExit(7)")], Printer(heard), read_clock=lambda: now[0], sleep=sleep
    )
    assert supervisor.run() == 1
    printed = heard.getvalue()
    assert "part: exited by itself (status 7); starting it again in 1 s." in printed
    assert "part died 5 times in a row; giving up" in printed


def test_a_stop_signal_ends_every_part_with_status_0() -> None:
    heard = io.StringIO()
    supervisor = Supervisor(
        [python("import time; time.sleep(600)")], Printer(heard), sleep=lambda seconds: supervisor.stop()
    )
    assert supervisor.run() == 0
    assert supervisor.keepers[0].life is None
    assert "Stopping." in heard.getvalue()


DESK = """
import sys, os
from django.conf import settings
settings.configure(USE_I18N=False)
from supportdesk.processes.runner.parts import DeskPart
from supportdesk.processes.runner.output import Printer
from supportdesk.processes.runner.supervisor import Supervisor
from supportdesk.processes.runner import process
import subprocess
real = subprocess.Popen
process.subprocess.Popen = lambda *a, **k: real(*a, pass_fds=(int(sys.argv[1]),), **k)
part = DeskPart(name="part", argv=(sys.executable, "-c", sys.argv[2]), grace=0.3)
sys.exit(Supervisor([part], Printer(sys.stdout)).run())
"""


@pytest.fixture
def desk(lifeline: tuple[int, int]) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor in a process of its own, looking after a stubborn family that is already up."""
    _read, write = lifeline
    desk = subprocess.Popen(
        [sys.executable, "-c", DESK, str(write), FAMILY],
        pass_fds=(write,),
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    os.close(write)
    assert desk.stdout is not None
    assert b"up" in desk.stdout.readline()
    yield desk
    desk.kill()
    desk.wait()
    desk.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_process_is_left_however_the_supervisor_ends(
    desk: subprocess.Popen[bytes], lifeline: tuple[int, int], number: signal.Signals
) -> None:
    desk.send_signal(number)
    wait_for_the_end(lifeline[0])
    assert desk.wait() == (-9 if number is signal.SIGKILL else 0)


LEASHED = """
import subprocess, sys, time
from supportdesk.processes.runner.process import clean_python
sleeper = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(600)"]
subprocess.Popen(clean_python("die_with_parent.py", sys.argv[2], *sleeper), pass_fds=(int(sys.argv[1]),))
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_part_ends_when_its_supervisor_dies_even_without_the_orphan_cleaner(
    lifeline: tuple[int, int],
) -> None:
    read, write = lifeline
    shell = f'exec "{sys.executable}" -c "$0" {write} $$'
    parent = subprocess.Popen(
        ["sh", "-c", shell, LEASHED], pass_fds=(write,), stdout=subprocess.PIPE, cwd=ROOT
    )
    os.close(write)
    assert parent.stdout is not None
    assert b"up" in parent.stdout.readline()
    parent.kill()
    wait_for_the_end(read)
    parent.wait()
    parent.stdout.close()


ADOPTING = """
import os, sys, time
from supportdesk.processes.runner.output import Printer
from supportdesk.processes.runner.parts import DeskPart
from supportdesk.processes.runner.process import Process, adopt_orphans
adopt_orphans()
read, write = os.pipe()
process = Process(DeskPart(name="part", argv=(sys.executable, "-c", sys.argv[1])), Printer(os.fdopen(write, "w")))
os.read(read, 1)
process.popen.kill()
deadline = time.monotonic() + 10
while not process.is_gone() and time.monotonic() < deadline:
    process.kill()
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("all buried")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_orphans_of_a_dead_part_are_adopted_and_reaped() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ADOPTING, FAMILY], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == "all buried\n"


def test_a_killed_orphan_cleaner_is_replaced_and_knows_all_processes() -> None:
    watchman = OrphanCleaner(grace=0.1)
    watchman.popen.kill()
    watchman.popen.wait()
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    watchman.tell([sleeper.pid])
    os.close(watchman.line)
    assert sleeper.wait() == -signal.SIGTERM
    watchman.popen.wait()
