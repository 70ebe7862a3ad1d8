"""Interval arithmetic against a model that counts every point, for whole numbers and for moments."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.lib.intervals import clipped, difference, intersection, union

Pair = tuple[int, int]
POINTS = st.integers(-8, 8)
# Empty ones and those that end before they begin among them.
PAIRS = st.tuples(POINTS, POINTS)
SPANS = st.lists(PAIRS, max_size=6)
ZERO, HOUR = datetime(2026, 3, 29, tzinfo=UTC), timedelta(hours=1)


def points(spans: Iterable[Pair]) -> set[int]:
    """Each unit that the spans cover, named by where it begins."""
    return {point for begin, end in spans for point in range(begin, end)}


def moments(spans: Iterable[Pair]) -> list[tuple[datetime, datetime]]:
    return [(ZERO + begin * HOUR, ZERO + end * HOUR) for begin, end in spans]


@given(SPANS)
def test_a_union_covers_the_same_points_in_as_few_spans_as_possible(spans: list[Pair]) -> None:
    covered = union(spans)
    assert points(covered) == points(spans)
    edges = [edge for span in covered for edge in span]
    assert edges == sorted(set(edges))  # in order, none empty, and no two touch


@given(SPANS, SPANS)
def test_a_difference_is_each_span_without_what_was_taken(spans: list[Pair], taken: list[Pair]) -> None:
    remaining = difference(spans, taken)
    assert all(begin < end for begin, end in remaining)
    assert remaining == [part for span in spans for part in runs(points([span]) - points(taken))]


@given(SPANS, SPANS)
def test_an_intersection_is_what_each_pair_shares(spans: list[Pair], others: list[Pair]) -> None:
    expected = [part for span in spans for other in others for part in runs(points([span]) & points([other]))]
    assert intersection(spans, others) == expected


@given(SPANS, PAIRS)
def test_clipped_intervals_lie_within_the_window(spans: list[Pair], window: Pair) -> None:
    expected = [part for span in spans for part in runs(points([span]) & points([window]))]
    assert list(clipped(spans, window)) == expected


@given(SPANS, SPANS)
def test_difference_and_intersection_together_make_up_the_spans(
    spans: list[Pair], others: list[Pair]
) -> None:
    remaining, shared = difference(spans, others), intersection(spans, others)
    assert union([*remaining, *shared]) == union(spans)
    assert intersection(remaining, others) == []


@given(SPANS, SPANS, PAIRS)
def test_spans_of_times_and_of_numbers_follow_the_same_arithmetic(
    spans: list[Pair], others: list[Pair], window: Pair
) -> None:
    assert union(moments(spans)) == moments(union(spans))
    assert difference(moments(spans), moments(others)) == moments(difference(spans, others))
    assert intersection(moments(spans), moments(others)) == moments(intersection(spans, others))
    ((begin, end),) = moments([window])
    assert list(clipped(moments(spans), (begin, end))) == moments(clipped(spans, window))


def runs(covered: set[int]) -> list[Pair]:
    """The points as spans, those that follow each other as one."""
    begins = sorted(point for point in covered if point - 1 not in covered)
    ends = sorted(point + 1 for point in covered if point + 1 not in covered)
    return list(zip(begins, ends, strict=True))


@pytest.mark.parametrize(
    ("spans", "taken", "left"),
    [
        ([(0, 10)], [(3, 5)], [(0, 3), (5, 10)]),
        ([(0, 10)], [(5, 5)], [(0, 10)]),  # what takes nothing cuts nothing
        ([(0, 10)], [(7, 3)], [(0, 10)]),
        ([(0, 5), (5, 10)], [], [(0, 5), (5, 10)]),
        ([(0, 5), (5, 10)], [(4, 6)], [(0, 4), (6, 10)]),
        ([(0, 5)], [(0, 5)], []),
    ],
)
def test_a_difference_by_example(spans: list[Pair], taken: list[Pair], left: list[Pair]) -> None:
    assert difference(spans, taken) == left


def test_spans_from_an_iterator_are_read_once() -> None:
    assert intersection(iter([(0, 4), (5, 9)]), iter([(1, 2), (6, 7)])) == [(1, 2), (6, 7)]
    assert difference(iter([(0, 4), (5, 9)]), iter([(1, 2), (6, 7)])) == [(0, 1), (2, 4), (5, 6), (7, 9)]
    assert union(iter([(5, 9), (0, 4)])) == [(0, 4), (5, 9)]
