"""The scorecard adds up: promises by side, time and breaches by holder, answers by their minutes."""

from datetime import timedelta
from decimal import Decimal
from itertools import starmap

import pytest

from escalation.choices import ClockKind, ClockState
from escalation.exports.bulk_reading import NOBODY, NamedPerson
from escalation.exports.clock_rows import ClockRow
from escalation.exports.promises import JudgedPromise, Verdict
from escalation.exports.scorecard import (
    COLUMNS,
    THE_DESK,
    Incident,
    IncidentKind,
    Scorecard,
    ScoredCustomer,
    percentiles,
    scorecard_row,
)
from tests.factories import NOW

MINUTE = timedelta(minutes=1)
ANN, BOB, MEI = 1, 2, 3
ROSTER = {
    None: NOBODY,
    ANN: NamedPerson("ann", "Ann", "North"),
    BOB: NamedPerson("bob", "Bob", "South"),
    MEI: NamedPerson("mei", "Mei", "East"),
}


def promise(
    state=ClockState.MET, *, held=None, response=10, near_miss=False, counts=True, here=True, code="star",
    kind=ClockKind.FIRST_RESPONSE, author=None, waived=False,
):  # fmt: skip
    clock = ClockRow._make([None] * len(ClockRow._fields))._replace(
        priority=0,
        kind=kind,
        author_id=author,
        customer_id=9 if code else None,
        customer_code=code,
        customer="Star" if code else None,
        account_manager_id=MEI if code else None,
        waived_at=NOW if waived else None,
    )
    return JudgedPromise(
        clock=clock,
        verdict=Verdict(state, NOW),
        is_decided_here=counts,
        answered_at=NOW if response else None,
        is_answered_here=bool(response) and here,
        response=response * MINUTE if response else None,
        margin=None,
        is_near_miss=near_miss,
        held={holder: minutes * MINUTE for holder, minutes in (held or {ANN: 10}).items()},
    )


def card(*promises, incidents=()):
    scorecard = Scorecard(ROSTER)
    for each in promises:
        scorecard.add(each)
    for incident in incidents:
        scorecard.add_incident(incident)
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in starmap(scorecard_row, scorecard.lines().items())]
    return {(row["group"], row["key"]): row for row in rows}


def test_a_quiet_week_is_one_line_of_zeros():
    lines = card()
    assert list(lines) == [("desk", "")]
    row = lines["desk", ""]
    assert (
        row["promises"],
        row["met_percent"],
        row["first_response_median_seconds"],
        row["breach_share"],
    ) == (
        0,
        None,
        None,
        0,
    )


def test_a_promise_counts_once_for_each_side_and_for_its_holder():
    lines = card(promise())
    assert [key for key, row in lines.items() if row["promises"] == 1] == [
        ("desk", ""),
        ("priority", "P0"),
        ("team", "East"),
        ("account_manager", "mei"),
        ("customer", "star"),
        ("person", "ann"),
    ]
    assert lines["customer", "star"]["name"] == "Star"
    assert lines["person", "ann"]["name"] == "Ann"


def test_a_breach_is_shared_among_holders_in_proportion_and_counts_in_full_elsewhere():
    lines = card(promise(ClockState.BREACHED, held={ANN: 45, BOB: 15}), promise(held={BOB: 10}))
    share = {key: row["breach_share"] for key, row in lines.items()}
    assert share["person", "ann"] == Decimal("0.75")
    assert share["person", "bob"] == Decimal("0.25")
    assert (share["team", "North"], share["team", "South"], share["team", "East"]) == (
        Decimal("0.75"),
        Decimal("0.25"),
        0,
    )
    assert (share["desk", ""], share["customer", "star"], share["account_manager", "mei"]) == (1, 1, 1)
    assert lines["person", "bob"]["held_seconds"] == 25 * 60
    assert lines["desk", ""]["held_seconds"] == 70 * 60


def test_a_promise_that_does_not_count_this_week_still_counts_its_answer():
    lines = card(promise(ClockState.BREACHED, counts=False, response=600))
    assert lines["desk", ""]["promises"] == 0
    assert lines["desk", ""]["first_responses"] == 1
    assert lines["desk", ""]["first_response_median_seconds"] == 36_000


def test_an_answer_of_an_earlier_week_is_not_counted_again():
    assert card(promise(here=False))["desk", ""]["first_responses"] == 0


def test_the_percentage_leaves_cancelled_promises_out():
    row = card(promise(), promise(), promise(ClockState.BREACHED), promise(ClockState.CANCELLED))["desk", ""]
    assert (row["promises"], row["met"], row["breached"], row["cancelled"]) == (4, 2, 1, 1)
    assert row["met_percent"] == 66.7


def test_near_misses_are_counted_and_so_for_the_person_who_held_them():
    lines = card(promise(near_miss=True), promise())
    assert lines["desk", ""]["near_misses"] == lines["person", "ann"]["near_misses"] == 1


def test_responses_are_counted_to_the_second_first_and_next_apart_in_every_kind_of_row():
    lines = card(
        promise(response=10.02, author=ANN),
        promise(response=20, author=ANN),
        promise(response=5, author=BOB, kind=ClockKind.NEXT_RESPONSE),
        promise(response=1, author=BOB, kind=ClockKind.UPDATE),
    )
    for key in (("desk", ""), ("priority", "P0"), ("team", "East"), ("customer", "star")):
        row = lines[key]
        assert (row["first_responses"], row["first_response_median_seconds"]) == (2, 601)
        assert (row["next_responses"], row["next_response_median_seconds"]) == (1, 300)
    ann, bob = lines["person", "ann"], lines["person", "bob"]
    assert (ann["first_response_median_seconds"], ann["first_response_p90_seconds"]) == (601, 1200)
    assert (ann["next_responses"], bob["first_responses"], bob["next_response_median_seconds"]) == (0, 0, 300)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], [None, None, None]),
        ([7], [7, 7, 7]),
        ([1, 2], [1, 2, 2]),
        (range(1, 11), [5, 9, 10]),
        (range(1, 101), [50, 90, 95]),
        ([5] * 99 + [500], [5, 5, 5]),
    ],
)
def test_percentiles_by_nearest_rank(values, expected):
    assert percentiles(values, (50, 90, 95)) == expected


def test_incidents_count_for_the_customers_side_and_for_the_person():
    side = ScoredCustomer(9, "star", "Star", MEI)
    incidents = [
        Incident(IncidentKind.ESCALATION, 0, side, BOB, NOW, 1, 1, 1),
        Incident(IncidentKind.LATE_DOWNGRADE, 0, side, ANN, NOW, 1, 1, 1),
        Incident(IncidentKind.REVOKED, 1, side, ANN, NOW, 1, 1, 1),
        Incident(IncidentKind.VOIDED, 1, side, ANN, NOW, 1, 1, 1),
        Incident(IncidentKind.WAIVED, 1, side, ANN, NOW, 1, 1, 1),
    ]
    lines = card(incidents=incidents)
    columns = ("escalations_received", "late_downgrades", "revoked", "voided", "waived")
    assert [lines["desk", ""][column] for column in columns] == [1, 1, 1, 1, 1]
    assert [lines["person", "bob"][column] for column in columns] == [1, 0, 0, 0, 0]
    assert [lines["team", "North"][column] for column in columns] == [0, 1, 1, 1, 1]
    assert lines["priority", "P0"]["escalations_received"] == 1


def test_an_unknown_sender_has_a_line_without_a_key():
    lines = card(promise(code=None))
    assert lines["customer", ""]["promises"] == lines["account_manager", ""]["promises"] == 1


def test_lines_are_sorted_whatever_came_first():
    first, second = promise(held={ANN: 1}), promise(held={BOB: 1}, code=None)
    assert list(card(first, second)) == list(card(second, first))


def test_a_response_costs_four_bytes_of_memory():
    scorecard = Scorecard(ROSTER)
    for number in range(2000):
        scorecard.add(promise(response=1 + number % 7))
    responses = scorecard.lines()[THE_DESK].first_responses
    assert len(responses) * responses.itemsize == 8000


def test_raw_and_adjusted_shares_stand_side_by_side():
    waived = promise(ClockState.BREACHED, waived=True, held={ANN: 10, BOB: 30})
    lines = card(promise(), promise(ClockState.BREACHED), waived, promise(waived=True))
    desk = lines["desk", ""]
    assert (desk["met_percent"], desk["breached_waived"], desk["adjusted_percent"]) == (50.0, 1, 66.7)
    assert (desk["breach_share"], desk["adjusted_breach_share"]) == (2.0, 1.0)
    ann, bob = lines["person", "ann"], lines["person", "bob"]
    assert (ann["breach_share"], ann["adjusted_breach_share"], ann["breached_waived"]) == (1.25, 1.0, 1)
    assert (bob["breach_share"], bob["adjusted_breach_share"], bob["adjusted_percent"]) == (0.75, 0.0, None)


def test_a_desk_whose_breaches_are_all_waived_has_no_adjusted_share_to_tell():
    row = card(promise(ClockState.BREACHED, waived=True))["desk", ""]
    assert (row["met_percent"], row["adjusted_percent"]) == (0.0, None)
