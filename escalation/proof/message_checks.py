"""Checks that the messages on which the ledger rests are as they were, and that none is without its promise."""

from collections.abc import Collection, Iterator
from datetime import datetime

from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from escalation.choices import RESPONSE_KINDS
from escalation.clocks.ledger_verification import Mismatch
from escalation.lib.read_ahead import read_ahead
from escalation.lib.stored_text import IsoTime
from escalation.models import Clock, ClockEvent
from tickets.choices import Status
from tickets.models import Message, Ticket
from tickets.words_digest import WORDS, digest_of

CHUNK = 2_000
DIGESTED: tuple[str | IsoTime, ...] = (
    "clock", "clock__ticket", "words", "message__salt", "message__erased_at", "message__author",
    *(f"message__{field}" for field in WORDS), IsoTime("message__created_at"), IsoTime("message__at"),
)  # fmt: skip


def check_words(clocks: Collection[int] | None = None) -> Iterator[Mismatch]:
    """The clocks, among all or those given, whose evidence has other words or times than when the line was written.

    Erased words are no mismatch; a message that says so and still has words is one.
    """
    lines = ClockEvent.objects.exclude(words=None).order_by()
    if clocks is not None:
        lines = lines.filter(clock__in=clocks)
    named: set[int] = set()
    rows = read_ahead(lines.values_list(*DIGESTED).iterator(CHUNK), CHUNK)
    for clock, ticket, digest, salt, erased_at, author, *words, at in rows:
        texts = (*words, at if author is None else "")
        if erased_at is not None:
            is_same = salt is None and not any(words[: len(WORDS)])
        else:
            is_same = salt is not None and digest_of(bytes(salt), *texts) == bytes(digest)
        if not is_same and clock not in named:
            named.add(clock)
            yield Mismatch(
                clock, ticket, _("a message on which it rests has other words or times than it had.")
            )


def check_times(clocks: Collection[int] | None = None) -> Iterator[Mismatch]:
    """The clocks that ended at another time than the message that ended them has."""
    rows = (
        Clock.objects.filter(answered_by__isnull=False)
        .exclude(stopped_at=F("answered_by__at"))
        .order_by("pk")
    )
    if clocks is not None:
        rows = rows.filter(pk__in=clocks)
    for clock, ticket in rows.values_list("pk", "ticket").iterator(CHUNK):
        yield Mismatch(clock, ticket, _("the message that ended it has another time than it had."))


def check_gaps(*, opened_since: datetime | None = None) -> Iterator[Mismatch]:
    """Tickets whose customer asked, but for whose answer there is no promise: their clock was removed.

    Looks at all who wait for an answer, and at tickets opened since a time (UTC), or all, for one that was promised.
    """
    asked = Message.objects.questions().filter(ticket=OuterRef("pk"), is_automatic=False)
    tickets = (
        Ticket.objects.filter(Exists(asked), is_history=False).order_by("pk").values_list("pk", flat=True)
    )
    promises = Clock.objects.filter(ticket=OuterRef("pk"), kind__in=RESPONSE_KINDS)
    opened = tickets if opened_since is None else tickets.filter(opened_at__gte=opened_since)
    for ticket in opened.exclude(Exists(promises)).iterator(CHUNK):
        yield Mismatch(None, ticket, _("the customer wrote, but no promise of an answer is recorded."))
    waiting = tickets.exclude(unanswered_since=None).exclude(status__in=(Status.RESOLVED, Status.CLOSED))
    for ticket in waiting.filter(Exists(promises)).exclude(Exists(promises.open())).iterator(CHUNK):
        yield Mismatch(None, ticket, _("the customer waits for an answer, but none is promised."))
