"""The lines of the timeline as sentences."""

from typing import Any

import pytest

from tickets.choices import Fact, OwnerRule
from tickets.models import TimelineEntry
from tickets.timeline_text import timeline_sentence

NAMES = {1: "Anna Keller", 2: "王芳"}


@pytest.mark.parametrize(
    ("fact", "data", "sentence"),
    [
        (Fact.OPENED, {"owner": 1, "rule": "backup"}, f"Received, owner Anna Keller ({OwnerRule.BACKUP.label})"),
        (Fact.OWNER, {"before": 1, "after": 2, "rule": "escalation"}, "Owner: Anna Keller → 王芳 (escalation)"),
        (Fact.STATUS, {"before": "new", "after": "waiting"}, "Status: New → Waiting on the customer"),
        (Fact.PRIORITY, {"before": 2, "after": 0}, "Priority: P2 Medium → P0 Urgent"),
        (Fact.RESPONSE_FAILED, {"message": 1, "answer": "550 no"}, "A reply was not delivered: 550 no"),
        (Fact.NOTED, {"message": 1}, "Note added"),
        (
            Fact.TAKEN,
            {"until": "2026-11-18T12:15:00+00:00"},
            "Acknowledged: nobody else is paged until 11-18 18:00",
        ),
    ],
)  # fmt: skip
def test_each_fact_is_told_in_a_sentence(fact: Fact, data: dict[str, Any], sentence: str) -> None:
    assert timeline_sentence(TimelineEntry(fact=fact, data=data), NAMES) == sentence


def test_values_and_people_that_are_gone_are_shown_as_they_are() -> None:
    entry = TimelineEntry(fact=Fact.OWNER, data={"before": 9, "after": 1, "rule": "by_lot"})
    assert timeline_sentence(entry, NAMES) == "Owner: ? → Anna Keller (by_lot)"
