"""The time of record is the database's; the clock of a host decides nothing."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from customers import time_of_record
from customers.models import Customer
from customers.time_of_record import JumpWatch, Measurement, TimeKeeper
from tests.factories import CustomerFactory
from tests.hosts import host_clock_off

SECOND = timedelta(seconds=1)
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


def measured(
    *, host_off: float = 0, doubt: float = 0.01, at: datetime = AT, steady: float = 100
) -> Measurement:
    return Measurement(at, steady, at + host_off * SECOND, doubt)


@pytest.mark.parametrize(
    ("steady", "host", "is_fresh"),
    [
        (104.9, 4.9, True),
        (105.0, 5.0, False),
        (102.0, 2.9, True),
        (102.0, 3.1, False),
        (102.0, 0.9, False),
        (99.0, -1.0, False),
    ],
    ids=["young", "old", "slewed", "frozen", "set back", "another boot"],
)
def test_a_measurement_is_carried_on_for_five_seconds_of_a_host_that_ran_through(
    steady: float, host: float, is_fresh: bool
) -> None:
    assert measured().is_fresh(steady, AT + host * SECOND) is is_fresh


def test_the_time_is_carried_on_by_the_steady_clock() -> None:
    assert measured().carried_to(103.5) == AT + 3.5 * SECOND


@pytest.mark.parametrize(
    ("off", "doubt", "ahead"),
    [(90, 0.5, 89.5), (-90, 0.5, -89.5), (0.4, 0.5, 0), (-0.4, 0.5, 0), (3, 20, 0)],
)
def test_the_round_trip_is_not_held_against_a_host(off: float, doubt: float, ahead: float) -> None:
    assert measured(host_off=off, doubt=doubt).host_ahead == pytest.approx(ahead)


# ------------------------------------------------------------------------------------------------------------
# Jumps


@pytest.mark.parametrize("jump", [61, 3600, -61, -3600])
def test_a_jump_is_believed_by_the_second_look(jump: int) -> None:
    watch = JumpWatch()
    looks = [
        watch.look(AT, 100),
        watch.look(AT + (2 + jump) * SECOND, 102),
        watch.look(AT + (4 + jump) * SECOND, 104),
    ]
    assert looks == [None, jump * SECOND, None]


@pytest.mark.parametrize("step", [0, 60, -60])
def test_a_minute_is_no_jump(step: int) -> None:
    watch = JumpWatch()
    assert [watch.look(AT, 100), watch.look(AT + (300 + step) * SECOND, 400)] == [None, None]


def test_a_time_that_comes_back_was_a_wrong_reading() -> None:
    watch = JumpWatch()
    looks = [watch.look(AT, 100), watch.look(AT + 3602 * SECOND, 102), watch.look(AT + 4 * SECOND, 104)]
    assert looks == [None, 3600 * SECOND, None]


def test_a_time_that_jumps_again_is_not_believed_yet() -> None:
    watch = JumpWatch()
    looks = [watch.look(AT, 100), watch.look(AT + 3602 * SECOND, 102), watch.look(AT + 7204 * SECOND, 104)]
    assert looks == [None, 3600 * SECOND, 7200 * SECOND]


# ------------------------------------------------------------------------------------------------------------
# The host's clock, or the database's


def test_without_postgresql_the_clock_of_the_host_is_the_time_of_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time_of_record, "follows_database", lambda: False)
    with host_clock_off(90 * SECOND):
        assert time_of_record.now() - datetime.now(UTC) > 89 * SECOND
        assert time_of_record.host_ahead() is None


@pytest.mark.postgresql
@pytest.mark.django_db
@pytest.mark.parametrize("off", [90, -90])
def test_with_postgresql_a_wrong_host_goes_by_the_database_and_is_named(
    off: int, caplog: pytest.LogCaptureFixture
) -> None:
    with host_clock_off(off * SECOND), caplog.at_level(logging.ERROR):
        times = [time_of_record.now() for _reading in range(3)]
        ahead = time_of_record.host_ahead()
    assert all(abs(at - datetime.now(UTC)) < SECOND for at in times)
    assert times == sorted(times)
    assert ahead == pytest.approx(off, abs=1)
    [line] = caplog.messages
    assert f"{off:+d}" in line.replace(".0", "")


@pytest.mark.postgresql
@pytest.mark.django_db
def test_the_database_is_asked_once_in_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    steady = [1000.0]
    start = datetime.now(UTC)
    ask = time_of_record._ask_database

    def count() -> datetime:
        asked.append(steady[0])
        return ask()

    monkeypatch.setattr(time_of_record, "_keeper", TimeKeeper())
    monkeypatch.setattr(time_of_record, "_ask_database", count)
    monkeypatch.setattr(time_of_record, "read_steady_clock", lambda: steady[0])
    monkeypatch.setattr(time_of_record, "read_host_clock", lambda: start + (steady[0] - 1000) * SECOND)
    for steady[0] in (1000.0, 1001.0, 1004.9, 1005.0, 1009.0, 1010.1):
        time_of_record.now()
    assert asked == [1000.0, 1005.0, 1010.1]


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_transaction_that_has_failed_goes_by_what_is_known() -> None:
    keeper = TimeKeeper()
    known = keeper.measure()
    with transaction.atomic():
        with pytest.raises(DatabaseError):
            connection.cursor().execute("SELECT no_such_column")
        assert keeper.measure() is known
        transaction.set_rollback(True)


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_slow_answer_replaces_only_what_it_contradicts(monkeypatch: pytest.MonkeyPatch) -> None:
    steady = iter([100.0, 110.0, 200.0, 210.0])
    answers = iter([AT + 104 * SECOND, AT + 500 * SECOND])
    monkeypatch.setattr(time_of_record, "read_steady_clock", lambda: next(steady))
    monkeypatch.setattr(time_of_record, "_ask_database", lambda: next(answers))
    keeper = TimeKeeper()
    keeper.measured = measured(steady=0)
    slow, jumped = keeper.measure(), keeper.measure()
    assert (slow.at, slow.doubt) == (AT + 105 * SECOND, 0.01)
    assert (jumped.at, jumped.doubt) == (AT + 500 * SECOND, 5.0)


@pytest.mark.django_db
def test_a_row_is_stamped_with_the_time_of_record_when_it_is_created(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_of_record, "now", lambda: AT)
    customer = CustomerFactory()
    monkeypatch.setattr(time_of_record, "now", lambda: AT + SECOND)
    customer.save()
    assert Customer.objects.get(pk=customer.pk).created_at == AT
