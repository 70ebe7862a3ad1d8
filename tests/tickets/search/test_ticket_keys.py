"""Numbers of tickets as people write them."""

import pytest

from tickets.search.ticket_keys import WrittenNumber, written_number


@pytest.mark.parametrize("text", ["SD#390", "sd390", "#390", " SD # 390 ", "sd 390", "＃３９０", "ＳＤ#390"])
def test_a_marked_number_is_a_tickets(text):
    assert written_number(text) == WrittenNumber(390, is_marked=True)


@pytest.mark.parametrize("text", ["390", "  390\n", "３９０", "0390"])
def test_a_bare_number_may_be_one(text):
    assert written_number(text) == WrittenNumber(390, is_marked=False)


@pytest.mark.parametrize(
    "text", ["", "SD#", "39 0", "x390", "390 ms", "٣٩٠", "-1", "9" * 19, "SD#1#2", " " * 10**6 + "x"]
)
def test_anything_else_is_none(text):
    assert written_number(text) is None
