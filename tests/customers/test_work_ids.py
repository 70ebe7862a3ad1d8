"""The id of what is being worked on."""

import pytest

from customers.work_ids import LONGEST, begin_work_on, current_work_id, given_or_new, new_work_id, working_on


def test_an_id_holds_for_its_block_and_inner_ones_win() -> None:
    assert current_work_id() == ""
    with working_on("req-1"):
        with working_on("mail-12"):
            assert current_work_id() == "mail-12"
        with working_on(""):  # a row of an earlier release
            assert current_work_id() == "req-1"
    assert current_work_id() == ""


def test_a_task_begins_and_ends() -> None:
    begin_work_on("task-1")
    assert current_work_id() == "task-1"
    begin_work_on("")
    assert current_work_id() == ""


@pytest.mark.parametrize("text", ["a", "0af7651916cd43dd", "lb-1:7.b_c", "x" * LONGEST])
def test_a_short_and_plain_id_is_taken(text: str) -> None:
    assert given_or_new(text, kind="req") == text


@pytest.mark.parametrize(
    "text", ["", "x" * (LONGEST + 1), "a b", "a\n2026 ERROR", "-a", "\u4f60", 'a"b', "a\n"]
)
def test_anything_else_is_replaced(text: str) -> None:
    made = given_or_new(text, kind="req")
    assert made.startswith("req-")
    assert len(made) == len(new_work_id("req")) <= LONGEST
