"""Each process has limits for waiting, and a name by which operators find it in the database."""

import pytest

from supportdesk import work_kinds
from supportdesk.work_kinds import COMMAND, LANE, LISTENER, MIGRATION, QUEUE, WEB, kind_of_command, session_of


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("qcluster", QUEUE), ("listen_mail", LISTENER), ("receive_email", LISTENER), ("runserver", WEB),
        ("migrate", MIGRATION),
    ],
)  # fmt: skip
def test_a_command_that_serves_somebody_has_the_limits_of_its_work(
    command: str, kind: work_kinds.WorkKind
) -> None:
    assert kind_of_command(command) == kind


@pytest.mark.parametrize(("command", "part"), [("verify_ledger", "verify_ledger"), ("", "command")])
def test_any_other_command_may_work_for_as_long_as_it_needs(command: str, part: str) -> None:
    kind = kind_of_command(command)
    assert (kind.part, kind.limits) == (part, COMMAND.limits)
    assert kind.limits["statement_timeout"] == 0


def test_a_person_waits_for_less_time_than_a_task_and_a_task_says_what_it_waited_for() -> None:
    assert WEB.lock < QUEUE.lock < QUEUE.query < 240
    assert WEB.query < QUEUE.query
    assert LANE.lock < WEB.lock
    assert all(kind.idle for kind in (WEB, LISTENER, QUEUE, LANE, COMMAND, MIGRATION))


def test_limits_are_written_in_milliseconds() -> None:
    assert WEB.limits == {
        "lock_timeout": 5000,
        "statement_timeout": 15000,
        "idle_in_transaction_session_timeout": 60000,
    }


@pytest.mark.parametrize(("host", "shown"), [("web-1.example", "web-1.example"), ("h" * 80, "h" * 54)])
def test_a_session_is_found_by_part_and_host(monkeypatch: pytest.MonkeyPatch, host: str, shown: str) -> None:
    monkeypatch.setattr(work_kinds.socket, "gethostname", lambda: host)
    assert session_of(WEB.session_name) == ("web", shown)


def test_a_foreign_session_keeps_its_name() -> None:
    assert session_of("psql") == ("psql", "")
    assert session_of("") == ("", "")
    assert session_of("desk of mine") == ("of", "mine")
