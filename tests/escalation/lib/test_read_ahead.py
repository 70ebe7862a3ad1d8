import threading

import pytest

from escalation.lib.read_ahead import read_ahead


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 10, 11])
def test_the_rows_come_in_their_order(count):
    assert list(read_ahead(range(count), 5)) == list(range(count))


def test_the_next_rows_are_read_while_these_are_worked_on_and_no_more():
    taken = []
    second_is_read = threading.Event()

    def source():
        for number in range(20):
            taken.append(number)
            if number == 9:
                second_is_read.set()
            yield number

    rows = read_ahead(source(), 5)
    assert next(rows) == 0
    assert second_is_read.wait(10)
    assert taken == list(range(10))
    rows.close()


def test_the_first_rows_are_read_by_the_callers_thread():
    threads = list(read_ahead((threading.get_ident() for _number in range(4)), 2))
    assert threads[:2] == [threading.get_ident()] * 2
    assert threading.get_ident() not in threads[2:]


def test_an_error_of_the_thread_is_raised_behind_the_rows_before_it():
    def source():
        yield from range(4)
        raise ValueError("the connection was lost")

    rows = read_ahead(source(), 2)
    assert [next(rows) for _number in range(4)] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="the connection was lost"):
        next(rows)
