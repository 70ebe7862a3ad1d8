"""The facts about one promise as values. Their field names are the keys of `explain_clock --json`: keep them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.choices import RESPONSE_KINDS
from escalation.explaining.counting import CountedStretch, StretchKind


@dataclass(frozen=True)
class SentMail:
    """An outgoing mail: its state, and what the receiving server answered."""

    state: str
    recipients: tuple[str, ...]
    accepted_at: datetime | None
    answer: str


@dataclass(frozen=True)
class Evidence:
    """A message that started, answered or failed to answer a promise. ``via`` is how a mail came in."""

    message: int
    kind: str
    channel: str
    at: datetime
    recorded_at: datetime
    is_backdated: bool
    author: str
    sender: str
    reached: str
    via: str
    mailbox: str
    message_id: str
    mail: SentMail | None
    failed_at: datetime | None
    failure: str
    voided_at: datetime | None
    voided_by: str
    void_reason: str
    erased_at: datetime | None = None
    erased_by: str = ""
    erase_reason: str = ""


@dataclass(frozen=True)
class ContractInForce:
    """The contract in force when the promise started; its dates are in the customer's zone."""

    reference: str
    plan: str
    starts_on: str
    ends_on: str | None


@dataclass(frozen=True)
class OtherDay:
    """A holiday (no intervals), or a day with hours of its own."""

    day: str
    intervals: tuple[str, ...]


@dataclass(frozen=True)
class PromisedHours:
    """The calendar whose working time counts, in the version that the promise was made with.

    ``weekly`` holds the intervals of Monday to Sunday, ``other_days`` the dates within the window that differ.
    """

    name: str
    version: int
    time_zone: str
    always_open: bool
    weekly: tuple[tuple[str, ...], ...]
    other_days: tuple[OtherDay, ...]


@dataclass(frozen=True)
class PromisedTerms:
    """The terms of the promise. It counts from the start, or from when a raised priority made it stricter.

    ``contract_window_since`` is set if the contract promises a window of its own.
    """

    contract: ContractInForce | None
    policy: str
    policy_version: int
    policy_since: datetime
    window_minutes: int
    contract_window_since: datetime | None
    counts_from: datetime
    calendar: PromisedHours


@dataclass(frozen=True)
class WindowCount:
    """The working time in the window, and how it adds up to the due time.

    ``carried`` is pause time granted in addition to the window although it is not inside it: it began before the
    priority was raised, or was computed in the hours of other terms.
    """

    pieces: tuple[CountedStretch, ...]
    counted: timedelta
    left: timedelta
    carried: timedelta
    window: timedelta

    @property
    def agrees(self) -> bool:
        """True if the count leads to the stored due time, within the second that the ledger rounds off each pause."""
        pauses = sum(piece.part is StretchKind.PAUSED for piece in self.pieces)
        return abs(self.counted + self.left - self.window - self.carried) <= timedelta(seconds=pauses)


@dataclass(frozen=True)
class WayServed:
    """A promised way (a value of Way) and the first thing that served it; ``served_at`` is None if nothing did.

    Without ``message`` it was a post of the desk to the customer's group.
    """

    way: str
    served_at: datetime | None
    by: str
    whom: str
    message: int | None


@dataclass(frozen=True)
class NotifiedPerson:
    person: str
    notice: str


@dataclass(frozen=True)
class FiredStep:
    """An escalation step; ``to_owner`` is empty if it only notified. An escalation by hand has no ``when``."""

    percent: int | None
    when: str
    due_at: datetime
    fired_at: datetime
    from_owner: str
    to_owner: str
    told: tuple[NotifiedPerson, ...]


@dataclass(frozen=True)
class LedgerEntry:
    """A line of the ledger, with the priority before and after it. A pause moved the due time by ``paused``.

    ``merged_from`` and ``merged_into`` are the numbers of the merged tickets. ``quiet_until`` and ``taken_by`` (how)
    belong to an acknowledgement. ``is_kept``: other terms left the due time of a lowered promise as it was.
    """

    change: str
    at: datetime
    recorded_at: datetime
    actor: str
    holder: str
    cause: str
    state_after: str
    due_before: datetime | None
    due_after: datetime
    priority_before: int | None
    priority_after: int
    window_minutes: int | None
    paused: timedelta | None
    is_late_lowering: bool
    is_relaxed: bool
    is_under_other_terms: bool
    merged_from: str
    merged_into: str
    evidence: Evidence | None
    step: FiredStep | None
    quiet_until: datetime | None = None
    taken_by: str = ""
    is_kept: bool = False
    is_corrected: bool = False


@dataclass(frozen=True)
class Holder:
    person: str
    working_time: timedelta


@dataclass(frozen=True)
class Waiver:
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class Explanation:
    """``late_by`` is from the due time until it was kept, or until now; ``late_working`` is the working time in it."""

    promise: int
    ticket: str
    subject: str
    customer: str
    customer_zone: str
    kind: str
    priority: int
    state: str
    explained_at: datetime
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    breached_at: datetime | None
    detected_at: datetime | None
    start: Evidence | None
    terms: PromisedTerms
    count: WindowCount
    story: tuple[LedgerEntry, ...]
    held: tuple[Holder, ...]
    waiver: Waiver | None
    end: LedgerEntry | None
    late_by: timedelta | None
    late_working: timedelta | None
    through: tuple[WayServed, ...] = ()

    @property
    def is_reopened(self) -> bool:
        """True if the promise began when the ticket was opened again over a question that came earlier."""
        return self.kind in RESPONSE_KINDS and self.start is not None and self.start.at != self.started_at
