"""The handover summary: what a new owner must know, as an internal note in their language. The text is pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from django.utils import timezone
from django.utils.translation import gettext as _

from escalation.explaining.times import length
from escalation.notifications.wording import as_read_by, moment
from tickets.choices import Channel, MessageKind

LAST_WORDS = 600  # characters of the customer's last message that the summary repeats
EXCERPT = 160  # and of each message before it
LAST_MESSAGES = 3


class HandoverCause(Enum):
    STEP = auto()
    BY_HAND = auto()
    ABSENCE = auto()
    RETURN = auto()


@dataclass(frozen=True, slots=True)
class Said:
    """One message, or its beginning. Without a name it was somebody unknown."""

    at: datetime
    kind: str
    channel: str
    name: str
    body: str
    is_backdated: bool = False


@dataclass(frozen=True, slots=True)
class Informed:
    """Somebody who was told of the promise, and when last."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HandoverFacts:
    """Everything the summary says; names are written out, times are UTC. ``last`` is oldest first.

    ``language`` and ``zone`` are the new owner's; ``actor`` and ``reason`` belong to a cause by hand. An empty
    ``customer`` is an unknown company, an empty ``plan`` one without a contract.
    """

    language: str
    zone: str
    at: datetime
    cause: HandoverCause
    before: str
    after: str
    actor: str
    reason: str
    customer: str
    plan: str
    contact: str
    subject: str
    started_at: datetime
    due_at: datetime
    told: Sequence[Informed]
    question: Said | None
    last: Sequence[Said]


def handover_text(facts: HandoverFacts) -> str:
    """The whole note, in the language and zone of the facts. No query."""
    with as_read_by(facts.language, facts.zone):
        return "\n".join((*_what_happened(facts), *_whose(facts), *_promise(facts), *_conversation(facts)))


def _what_happened(facts: HandoverFacts) -> Iterator[str]:
    names = {"before": facts.before, "after": facts.after, "name": facts.actor, "reason": facts.reason}
    match facts.cause:
        case HandoverCause.STEP:
            yield _("Escalated from %(before)s to %(after)s.") % names
        case HandoverCause.BY_HAND if facts.actor == facts.before:
            yield _("%(before)s escalated it to %(after)s: %(reason)s") % names
        case HandoverCause.BY_HAND:
            yield _("%(name)s escalated it from %(before)s to %(after)s: %(reason)s") % names
        case HandoverCause.ABSENCE:
            yield _("%(before)s is away; %(after)s takes over.") % names
        case HandoverCause.RETURN:
            yield _("%(after)s is back and has it again; %(before)s held it meanwhile.") % names


def _whose(facts: HandoverFacts) -> Iterator[str]:
    customer = facts.customer or _("unknown company")
    plan = facts.plan or (_("no contract") if facts.customer else "")
    yield _("Customer: %(name)s") % {"name": " · ".join(filter(None, (customer, plan)))}
    if facts.contact:
        yield _("Contact: %(name)s") % {"name": facts.contact}
    yield _("Subject: %(subject)s") % {"subject": facts.subject}


def _promise(facts: HandoverFacts) -> Iterator[str]:
    yield _("Received: %(time)s") % {"time": moment(facts.started_at)}
    due = {"time": moment(facts.due_at), "length": length(abs(facts.due_at - facts.at))}
    if facts.at < facts.due_at:
        yield _("Due: %(time)s, %(length)s left") % due
    else:
        yield _("Due: %(time)s, overdue for %(length)s") % due
    if facts.told:
        people = ", ".join(f"{one.name} ({_short(one.at)})" for one in facts.told)
        yield _("Told so far: %(people)s") % {"people": people}


def _conversation(facts: HandoverFacts) -> Iterator[str]:
    if facts.question is not None:
        yield from ("", _("The customer's last words:"), facts.question.body[:LAST_WORDS].strip())
    if facts.last:
        yield from ("", _("Other messages:"))
        yield from map(_line, facts.last)


def _line(said: Said) -> str:
    body = " ".join(said.body[: 2 * EXCERPT].split())
    excerpt = body if len(body) <= EXCERPT else f"{body[:EXCERPT]}…"
    kind = Channel(said.channel).label if said.kind == MessageKind.CONTACT else MessageKind(said.kind).label
    late = _("written down later") if said.is_backdated else ""
    return " · ".join(filter(None, (_short(said.at), said.name, str(kind), late))) + f": {excerpt}"


def _short(at: datetime) -> str:
    return f"{timezone.localtime(at):%m-%d %H:%M}"
