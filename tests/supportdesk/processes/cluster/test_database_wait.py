"""A cluster that starts while its database is away waits for it."""

import pytest
from django.db import OperationalError

from supportdesk.processes.cluster import database_wait
from supportdesk.processes.cluster.database_wait import wait_for_database


class AbsentDatabase:
    """Refuses this many connections."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def ensure_connection(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise OperationalError("connection refused\n\tIs the server running on that host?")


@pytest.mark.parametrize(
    ("refusals", "waits"), [(0, []), (2, [1, 2]), (6, [1, 2, 4, 8, 15, 15])], ids=["there", "soon", "late"]
)
def test_the_queue_waits_ever_longer_up_to_a_bound(
    refusals: int, waits: list[float], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(database_wait, "connection", AbsentDatabase(refusals))
    waited: list[float] = []
    wait_for_database(pause=waited.append)
    assert waited == waits
    assert len(caplog.messages) == refusals


def test_the_log_names_the_reason_and_the_next_try_in_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(database_wait, "connection", AbsentDatabase(1))
    wait_for_database(pause=lambda seconds: None)
    assert caplog.messages == [
        "The database cannot be reached; the queue tries again in 1 s: connection refused"
    ]


def test_a_wrong_setting_is_no_reason_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such an error never goes away by itself."""

    class Misconfigured(AbsentDatabase):
        def ensure_connection(self) -> None:
            raise ValueError("no such engine")

    monkeypatch.setattr(database_wait, "connection", Misconfigured(0))
    with pytest.raises(ValueError, match="no such engine"):
        wait_for_database(pause=pytest.fail)
