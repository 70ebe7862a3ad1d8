"""Which of a promise's ways to answer were used, and the proof of each.

Proof is an answer by a person that arrived, or a post that the customer's group accepted. It counts from the start of
the promise until the customer's next question gets a promise of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.auth.models import User

from customers.models import Customer
from escalation.choices import RESPONSE_KINDS, AttemptOutcome, Way
from escalation.models import Clock, NotificationAttempt
from tickets.choices import MessageKind
from tickets.models import Message

SAID = (MessageKind.OUTBOUND, MessageKind.CONTACT)
UNREAD = ("body", "quoted", "html", "outbound__text", "outbound__html")  # long texts, not needed as proof
NEVER_ENDS = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Proof:
    """The proof. ``message`` is the answer or logged contact; None for a post of the desk to the customer's group."""

    at: datetime
    by: User | None
    whom: str
    message: int | None


@dataclass(frozen=True)
class Served:
    """A promised way with its earliest proof; None if the way was not used."""

    way: Way
    proof: Proof | None


def served_ways_by_clock(clocks: Sequence[Clock], messages: Iterable[Message]) -> Mapping[int, list[Served]]:
    """The promised ways by clock, for the clocks and all messages of one ticket. Promises of answers only.

    The clocks need `policy_version` and the ticket's customer loaded. One query if a tech group is promised.
    """
    answering = sorted(
        (clock for clock in clocks if clock.kind in RESPONSE_KINDS), key=lambda clock: clock.started_at
    )
    answers = sorted(filter(_is_proof, messages), key=lambda message: message.at)
    posts = _posts(answering)
    served: dict[int, list[Served]] = {}
    for clock, following in zip(answering, [*answering, None][1:], strict=True):
        until = following.started_at if following is not None else NEVER_ENDS
        proofs = _proofs(answers, posts, clock.ticket.customer, since=clock.started_at, until=until)
        served[clock.pk] = [Served(way, proofs.get(way)) for way in clock.policy_version.ways(clock.priority)]
    return served


def served_ways(clock: Clock) -> list[Served]:
    """The promised ways of one clock, which needs the same rows loaded. At most three queries."""
    if clock.kind not in RESPONSE_KINDS or not clock.policy_version.ways(clock.priority):
        return []
    after = Clock.objects.filter(
        ticket=clock.ticket_id, kind__in=RESPONSE_KINDS, started_at__gt=clock.started_at
    )
    following = after.select_related("policy_version").order_by("started_at").first()
    answers = Message.objects.filter(ticket=clock.ticket_id).responses().select_related("author", "outbound")
    clocks = [clock]
    if following is not None:
        following.ticket = clock.ticket
        clocks.append(following)
    return served_ways_by_clock(clocks, answers.defer(*UNREAD))[clock.pk]


def ways_served_by(channel: str, author: int | None, looked_after_by: Iterable[int | None]) -> list[Way]:
    """The ways that a message serves: its channel, and the account manager if they or their backup wrote it."""
    ways = [Way(channel)]
    if author is not None and author in looked_after_by:
        ways.append(Way.ACCOUNT_MANAGER)
    return ways


def _is_proof(message: Message) -> bool:
    """The same rule as MessageQuerySet.responses, for a loaded message."""
    is_taken_back = message.failed_at is not None or message.voided_at is not None
    return message.kind in SAID and not message.is_automatic and not is_taken_back


def _proofs(
    answers: Iterable[Message],
    posts: Iterable[NotificationAttempt],
    customer: Customer | None,
    *,
    since: datetime,
    until: datetime,
) -> dict[Way, Proof]:
    managers = (customer.account_manager_id, customer.backup_account_manager_id) if customer else ()
    proofs: defaultdict[Way, list[Proof]] = defaultdict(list)
    for message in answers:
        for way in ways_served_by(message.channel, message.author_id, managers):
            proofs[way].append(Proof(message.at, message.author, _whom(message), message.pk))
    for post in posts:
        proofs[Way.GROUP].append(Proof(post.at, None, post.to, None))
    return {
        way: min(within, key=lambda proof: proof.at)
        for way, of_way in proofs.items()
        if (within := [proof for proof in of_way if since <= proof.at < until])
    }


def _whom(message: Message) -> str:
    if message.reached:
        return message.reached
    mail = getattr(message, "outbound", None)
    return ", ".join(mail.recipients) if mail is not None else ""


def _posts(clocks: Sequence[Clock]) -> list[NotificationAttempt]:
    """Posts to the group of the ticket's customer."""
    if not any(Way.GROUP in clock.policy_version.ways(clock.priority) for clock in clocks):
        return []
    taken = NotificationAttempt.objects.filter(
        notification__ticket=clocks[0].ticket_id,
        notification__customer__isnull=False,
        outcome=AttemptOutcome.ACCEPTED,
    )
    return list(taken.order_by("at", "pk"))
