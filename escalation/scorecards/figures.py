"""The figures of a scorecard's line, each with the rows behind it."""

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy

from escalation.exports.held_seconds import WHOLE
from escalation.exports.scorecard import PERCENTS, percentiles


class Figure(TextChoices):
    """A figure that is opened as a list of promises, escalations, ledger lines or tickets."""

    DECIDED = "decided", pgettext_lazy("figure", "Decided")
    MET = "met", pgettext_lazy("figure", "Met")
    BREACHED = "breached", pgettext_lazy("figure", "Breached")
    CANCELLED = "cancelled", pgettext_lazy("figure", "Cancelled")
    WAIVED = "waived", pgettext_lazy("figure", "Waived")
    JUDGED = "judged", pgettext_lazy("figure", "Met or breached")  # what a percentage is of
    NEAR_MISSES = "near-misses", pgettext_lazy("figure", "Nearly breached")
    FIRST_RESPONSES = "first-responses", pgettext_lazy("figure", "First responses")
    NEXT_RESPONSES = "next-responses", pgettext_lazy("figure", "Next responses")
    HELD = "held", pgettext_lazy("figure", "SLAs held")
    ESCALATIONS = "escalations", pgettext_lazy("figure", "Escalations received")
    VOIDED = "voided", pgettext_lazy("figure", "Replies voided")
    LATE_DOWNGRADES = "late-downgrades", pgettext_lazy("figure", "Lowered late")
    SOLVED = "solved", pgettext_lazy("figure", "Resolved")
    REOPENED = "reopened", pgettext_lazy("figure", "Reopened")
    WROTE_AGAIN = "wrote-again", pgettext_lazy("figure", "Wrote again within 7 days")
    ARRIVED = "arrived", pgettext_lazy("figure", "Arrived")
    DUE = "due", pgettext_lazy("figure", "Due")


OF_TICKETS = {Figure.SOLVED, Figure.REOPENED, Figure.WROTE_AGAIN, Figure.ARRIVED}
OF_LEDGER = {Figure.VOIDED, Figure.LATE_DOWNGRADES}
OF_ESCALATIONS = {Figure.ESCALATIONS}


def _seconds() -> "array[int]":
    return array("Q")


@dataclass
class ScoreLine:
    """One line: the keys of the rows behind each figure, and what is a sum over them. Breaches are in millionths."""

    key: str
    rows: defaultdict[Figure, list[int]] = field(default_factory=lambda: defaultdict(list))
    first_responses: "array[int]" = field(default_factory=_seconds)
    next_responses: "array[int]" = field(default_factory=_seconds)
    held_seconds: int = 0
    used_seconds: int = 0  # of held_seconds, in promises met or breached ...
    window_seconds: int = 0  # ... of which this was the time allowed
    breach_millionths: int = 0
    waived_millionths: int = 0
    answers: int = 0  # in tickets solved
    not_to_be_opened: int = 0  # promises that the person held, of tickets that the reader may not open

    def count(self, figure: Figure) -> int:
        return len(self.rows[figure])

    @property
    def is_empty(self) -> bool:
        return not any(self.rows.values()) and not self.not_to_be_opened

    @property
    def met_percent(self) -> float | None:
        """The share of promises met among those met or breached."""
        return _percent(self.count(Figure.MET), self.count(Figure.JUDGED))

    @property
    def adjusted_percent(self) -> float | None:
        """The same without the breaches that two people waived."""
        return _percent(self.count(Figure.MET), self.count(Figure.JUDGED) - self.count(Figure.WAIVED))

    @property
    def first_percentiles(self) -> list[int | None]:
        return percentiles(self.first_responses, PERCENTS)

    @property
    def next_percentiles(self) -> list[int | None]:
        return percentiles(self.next_responses, PERCENTS)

    @property
    def used_percent(self) -> float | None:
        """The part of the time allowed that these people had the promises for."""
        return _percent(self.used_seconds, self.window_seconds)

    @property
    def breach_share(self) -> Decimal:
        return round(Decimal(self.breach_millionths) / WHOLE, 2)

    @property
    def adjusted_breach_share(self) -> Decimal:
        return round(Decimal(self.breach_millionths - self.waived_millionths) / WHOLE, 2)

    @property
    def answers_each(self) -> float | None:
        solved = self.count(Figure.SOLVED)
        return round(self.answers / solved, 1) if solved else None


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
