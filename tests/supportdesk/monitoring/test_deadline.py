"""Whatever hangs, whoever waits gets an answer in time."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connections
from django.utils import translation

from supportdesk.monitoring import deadline
from supportdesk.monitoring.deadline import TooLate, within


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What work waits for that hangs. The connection of the tests is never given away for good."""
    monkeypatch.setattr(deadline, "_let_go", lambda shared: None)
    monkeypatch.setattr(deadline, "_free", threading.BoundedSemaphore(2))
    monkeypatch.setattr(type(connections["default"]), "close", lambda self: None)
    over = threading.Event()
    yield over
    over.set()
    for thread in threading.enumerate():
        if thread.name == "deadline":
            thread.join()


def test_work_in_time_gives_its_result_in_the_readers_language_over_the_same_connection() -> None:
    shared = connections["default"]
    with translation.override("zh-hans"):
        assert within(5, lambda: (translation.get_language(), connections["default"])) == ("zh-hans", shared)
    assert connections["default"] is shared


def test_an_error_of_the_work_reaches_who_waits_for_it() -> None:
    with pytest.raises(ValueError, match="no such table"):
        within(5, lambda: int("no such table"))


def test_work_that_hangs_is_given_up(hanging: threading.Event) -> None:
    with pytest.raises(TooLate):
        within(0.01, hanging.wait)


def test_of_work_that_hangs_only_so_much_is_begun(hanging: threading.Event) -> None:
    """A monitor asks every few seconds; its threads must not add up."""
    for _ask in range(2):
        with pytest.raises(TooLate):
            within(0.01, hanging.wait)
    threads = threading.active_count()
    with pytest.raises(TooLate):
        within(5, hanging.wait)
    assert threading.active_count() == threads
