"""Counts how far a reader walks through the code in the five main flows, each run for real under the profiler.

    python tests/benchmarks/trace_flows.py            # the five flows, one line each
    python tests/benchmarks/trace_flows.py sweep -v   # the steps of one flow, in the order they are taken first

A flow is run twice in a test database; the second run counts, when imports and caches have settled. What counts:

- functions: those of the four apps that ran, without comprehensions, and for a mail without its parser;
- files: in which they stand;
- switches: steps from a caller to a function that stands in another file, each once;
- returns: those switches that lead into a file the flow had been in before.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FrameType

import django

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
django.setup()

from django.conf import settings  # noqa: E402 - after django.setup()
from django.db import connection  # noqa: E402

from escalation.enforcement.sweep import sweep  # noqa: E402
from escalation.exports.due_weeks import desk_zone  # noqa: E402
from escalation.exports.pack import export_week  # noqa: E402
from escalation.lib.weeks import week_of  # noqa: E402
from tests import factories as make  # noqa: E402
from tests.rawmail import rawmail  # noqa: E402
from tests.talk import answered, dispatched, minute, opened  # noqa: E402
from tickets.choices import Priority  # noqa: E402
from tickets.models import Mailbox, Ticket  # noqa: E402
from tickets.services.intake import process, receive_raw  # noqa: E402

APPS = tuple(f"{ROOT / app}{os.sep}" for app in ("customers", "tickets", "escalation", "supportdesk"))
PARSER = f"{ROOT / 'tickets' / 'mail'}{os.sep}"


@dataclass
class Route:
    """The steps of one flow: pairs of caller and callee, in the order in which each is taken first."""

    left_out: str = ""
    steps: dict[tuple[CodeType | None, CodeType], None] = field(default_factory=dict)

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        """The hook of `sys.setprofile`."""
        if event == "call" and self._is_ours(frame.f_code):
            self.steps.setdefault((self._caller(frame.f_back), frame.f_code))

    def _is_ours(self, code: CodeType) -> bool:
        file = code.co_filename
        is_left_out = bool(self.left_out) and file.startswith(self.left_out)
        return file.startswith(APPS) and not code.co_name.startswith("<") and not is_left_out

    def _caller(self, frame: FrameType | None) -> CodeType | None:
        """The nearest function of ours; between it and the callee may stand Django and comprehensions."""
        while frame is not None and not self._is_ours(frame.f_code):
            frame = frame.f_back
        return frame.f_code if frame else None

    @property
    def functions(self) -> int:
        return len({callee for _caller, callee in self.steps})

    @property
    def files(self) -> int:
        return len({callee.co_filename for _caller, callee in self.steps})

    @property
    def switches(self) -> int:
        return sum(_is_switch(step) for step in self.steps)

    @property
    def returns(self) -> int:
        return max(self.switches - self.files + 1, 0)


def _is_switch(step: tuple[CodeType | None, CodeType]) -> bool:
    caller, callee = step
    return caller is not None and caller.co_filename != callee.co_filename


@contextmanager
def followed(route: Route) -> Iterator[None]:
    sys.setprofile(route)
    try:
        yield
    finally:
        sys.setprofile(None)


class Flows:
    """Each flow prepares rows of its own and returns what is to be followed."""

    def __init__(self) -> None:
        self.runs = 0
        self.boss = make.staff("boss")
        self.ann = make.staff("ann", reports_to=self.boss)
        make.set_desk(duty_manager=make.staff("duty"), intake_owner=make.AdminFactory())
        customer = make.CustomerFactory(account_manager=self.ann)
        self.contact = make.ContactFactory(email="li@company.example", customer=customer)
        self.mailbox: Mailbox = make.MailboxFactory(address="support@desk.example")

    def _ticket(self, priority: int = Priority.P1) -> Ticket:
        return opened(contact=self.contact, priority=priority)

    def mail(self) -> Callable[[], object]:
        """A raw mail of a known contact becomes a ticket with its promise and a queued acknowledgement."""
        self.runs += 1
        raw = rawmail(
            sender="li@company.example",
            subject=f"房间画面模糊 {self.runs}",
            body=f"直播间画面模糊 {self.runs}",
            message_id=f"<{self.runs}@company.example>",
        )

        def arrive() -> None:
            row = receive_raw(
                raw=raw,
                received_at=make.NOW,
                via="lmtp",
                envelope_from="li@company.example",
                mailbox=self.mailbox,
            )
            process(row.pk, now=make.NOW + timedelta(seconds=1))

        return arrive

    def sweep(self) -> Callable[[], object]:
        """One P1 that nobody answered: breached, moved one level up, everybody told."""
        self._ticket()
        sweep(now=minute(200))
        return lambda: sweep(now=minute(240))

    def dispatch(self) -> Callable[[], object]:
        """What that sweep told goes out as mail."""
        self._ticket()
        sweep(now=minute(200))
        dispatched(200)
        sweep(now=minute(240))
        return lambda: dispatched(241)

    def answer(self) -> Callable[[], object]:
        """A colleague's first answer keeps the promise."""
        ticket = self._ticket()
        return lambda: answered(ticket, 20)

    def pack(self) -> Callable[[], object]:
        """The week's pack, corrected, with promises kept and broken in it."""
        answered(self._ticket(), 20)
        self._ticket()
        sweep(now=minute(300))
        self.runs += 1
        week = week_of(make.NOW, desk_zone())
        at = make.NOW + timedelta(days=14, minutes=self.runs)
        return lambda: export_week(
            week=week, at=at, actor=None, correct="late answers" if self.runs > 1 else ""
        )


NAMES = ("mail", "sweep", "dispatch", "answer", "pack")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("flows", nargs="*", help=f"some of {', '.join(NAMES)}; all of them otherwise")
    parser.add_argument("-v", "--verbose", action="store_true", help="print each step")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    print(f"{'flow':10}{'functions':>10}{'files':>8}{'switches':>10}{'returns':>9}")
    for name in options.flows or NAMES:
        with test_database():
            route = route_of(name)
        print(f"{name:10}{route.functions:>10}{route.files:>8}{route.switches:>10}{route.returns:>9}")
        if options.verbose:
            print("\n".join(told(route)))


def route_of(name: str) -> Route:
    """The second run of a flow."""
    flows = Flows()
    prepare = getattr(flows, name)
    prepare()()
    run = prepare()
    route = Route(left_out=PARSER if name == "mail" else "")
    with followed(route):
        run()
    return route


def told(route: Route) -> Iterator[str]:
    for caller, callee in route.steps:
        mark = "=>" if _is_switch((caller, callee)) else "  "
        yield f"  {mark} {_place(callee):70} from {_place(caller) if caller else 'outside'}"


def _place(code: CodeType) -> str:
    return f"{Path(code.co_filename).relative_to(ROOT)}:{code.co_qualname}"


@contextmanager
def test_database() -> Iterator[None]:
    name = connection.settings_dict["NAME"]
    with TemporaryDirectory() as folder:
        settings.MEDIA_ROOT = str(Path(folder) / "files")
        settings.OUTGOING_DIR = Path(folder) / "outgoing"
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
