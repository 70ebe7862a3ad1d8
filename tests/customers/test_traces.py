"""Finding a person in texts: each spelling of address, phone and name, and nothing of others."""

import pytest

from customers.traces import Traces, is_distinct, is_unmistakable, names_of, phones_of, spellings_in_json

LI = Traces(
    "[#1]",
    addresses=("li@company.example",),
    domains=("xanadu.example",),
    phones=("+44 7700 900123",),
    names=("Li Wei", "林悦"),
)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Write to LI@Company.example.", "Write to [#1]."),
        ("<li@company.example>", "<[#1]>"),
        ("Call +447700900123 or +44 (7700) 900-123!", "Call [#1] or [#1]!"),
        ("Li Wei and li wei", "[#1] and [#1]"),
        ("请联系林悦处理", "请联系[#1]处理"),
        ("any.one+tag@xanadu.example", "[#1]"),
        ("ali@company.example", "ali@company.example"),
        ("li@company.examples", "li@company.examples"),
        ("li@company.example-two", "li@company.example-two"),
        ("Lima is no Linus", "Lima is no Linus"),
        ("1447700900123", "1447700900123"),
        ("4477009001234", "4477009001234"),
        ("", ""),
    ],
)
def test_a_mark_takes_the_place_of_each_trace_and_of_nothing_else(text, after):
    assert LI.replaced_in(text) == after
    assert LI.are_in(text) is (text != after)


def test_every_text_with_a_trace_has_a_needle():
    """The database looks for needles, whatever their case."""
    for text in (
        "x LI@company.example",
        "+44 7700 900123",
        "447700900123",
        "LI WEI",
        "林悦",
        "a@xanadu.example",
    ):
        assert any(needle.lower() in text.lower() for needle in LI.needles)


def test_texts_in_json_are_marked_at_any_depth_keys_too():
    value = {"to": ["li@company.example", 5], "li@company.example": {"state": "sent", "answer": None}}
    assert LI.replaced_in_value(value) == {"to": ["[#1]", 5], "[#1]": {"state": "sent", "answer": None}}


def test_without_traces_nothing_changes():
    nobody = Traces("[#1]")
    assert nobody.replaced_in("Li Wei") == "Li Wei"
    assert not nobody.are_in("Li Wei")


def test_they_are_kept_and_read_again():
    assert Traces.from_json(LI.as_json()) == LI


@pytest.mark.parametrize(
    ("name", "distinct", "unmistakable"),
    [
        ("Li Wei", True, True),
        ("欧阳娜娜", True, True),
        ("王芳", True, False),
        ("Zebulon", True, False),
        ("Li", False, False),
        ("王", False, False),
    ],
)
def test_short_names_are_looked_for_only_where_they_mean_the_person(name, distinct, unmistakable):
    assert (is_distinct(name), is_unmistakable(name)) == (distinct, unmistakable)
    traces = Traces("[#1]", names=(name,))
    assert (name in traces.among_their_own().names, name in traces.everywhere().names) == (
        distinct,
        unmistakable,
    )
    assert traces.without_names().names == ()


def test_few_digits_and_one_letter_are_no_trace():
    assert phones_of("110", "", "+86 10 5555", "010-5555", "010-5555") == ("+86 10 5555", "010-5555")
    assert names_of(" Li ", "L", "", "Li") == ("Li",)


def test_sqlite_writes_chinese_in_json_as_escapes():
    assert spellings_in_json("林") == {"林", "\\u6797"}
    assert spellings_in_json("li@x.example") == {"li@x.example"}
