"""Writes new owners a note with the essentials: former holder, open promise, last messages."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from django.contrib.auth.models import User
from django.db.models import BooleanField, ExpressionWrapper, F, Q, Window
from django.db.models.functions import Left, RowNumber
from django.utils.translation import gettext as _

from customers.models import Contact, Contract
from customers.names import full_name, name_of
from customers.phrases import clauses, labelled, listed, noted
from customers.stored_times import stamp
from customers.times import as_read_by, moment, reader_of, time_left
from escalation.models import Clock, Notification
from tickets.choices import Channel, MessageKind
from tickets.erased_text import erased_words_stand_in
from tickets.models import Message
from tickets.models.message import BACKDATED_AFTER
from tickets.services.conversation import note_down_all

LAST_WORDS = 600  # characters of the customer's last message that the note repeats
EXCERPT = 160  # and of every other message
LAST_MESSAGES = 3
QUESTIONS = Q(kind=MessageKind.INBOUND)


class HandoverCause(Enum):
    ESCALATION = auto()
    ABSENCE = auto()
    DEPARTURE = auto()
    RETURN = auto()


@dataclass(frozen=True)
class Handover:
    """A ticket that moves to a new holder; ``actor`` and ``reason`` are those of an escalation by hand."""

    clock: Clock
    before: User
    after: User
    cause: HandoverCause = HandoverCause.ESCALATION
    actor: User | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MessageExcerpt:
    """A message, or its beginning. Without a name, the author is unknown."""

    at: datetime
    kind: str
    channel: str
    name: str
    body: str
    is_backdated: bool = False
    is_erased: bool = False

    @property
    def words(self) -> str:
        """Of erased words, in the language that is active."""
        return erased_words_stand_in() if self.is_erased else self.body


@dataclass(frozen=True, slots=True)
class HandoverFacts:
    """Everything the note says. Names are written out, times are UTC. ``others`` starts with the oldest message.

    ``language`` and ``zone`` are the new owner's; ``actor`` and ``reason`` belong to a move by hand. An empty
    ``customer`` means an unknown company, an empty ``plan`` no contract. ``informed`` maps names to when they were
    last told of the promise.
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
    informed: Mapping[str, datetime]
    question: MessageExcerpt | None
    others: Sequence[MessageExcerpt]


def write_handover_notes(moves: Sequence[Handover], *, at: datetime) -> None:
    """Write the note of each move in the new owner's language. Five queries for any number.

    The caller has locked the tickets, and saves that they changed.
    """
    facts = handover_facts(moves, at=at) if moves else []
    notes = [
        (move.clock.ticket, handover_text(move_facts)) for move, move_facts in zip(moves, facts, strict=True)
    ]
    note_down_all(notes, at=at)


def handover_facts(moves: Sequence[Handover], *, at: datetime) -> list[HandoverFacts]:
    """The facts of each move, in the same order. Four queries for any number.

    Needs loaded what a sweep has at hand: ``clock.ticket.customer``, and ``staff_profile`` of the new holders.
    """
    contacts = _contact_texts({key for move in moves if (key := move.clock.ticket.contact_id) is not None})
    contracts = {key for move in moves if (key := move.clock.contract_id) is not None}
    plans = dict(Contract.objects.filter(pk__in=contracts).order_by().values_list("pk", "plan__name"))
    informed = _last_informed([move.clock.pk for move in moves])
    messages = _latest_messages([move.clock.ticket.pk for move in moves])
    return [
        _facts_of(
            move,
            at,
            contact=contacts.get(move.clock.ticket.contact_id or 0, ""),
            plan=plans.get(move.clock.contract_id or 0, ""),
            informed=informed[move.clock.pk],
            messages=messages[move.clock.ticket.pk],
        )
        for move in moves
    ]


def _facts_of(
    move: Handover,
    at: datetime,
    *,
    contact: str,
    plan: str,
    informed: Mapping[str, datetime],
    messages: Sequence[MessageExcerpt],
) -> HandoverFacts:
    clock, ticket = move.clock, move.clock.ticket
    language, zone = reader_of(move.after)
    question = next((message for message in messages if message.kind == MessageKind.INBOUND), None)
    others = [message for message in messages if message is not question][:LAST_MESSAGES]
    return HandoverFacts(
        language=language,
        zone=zone,
        at=at,
        cause=move.cause,
        before=name_of(move.before),
        after=name_of(move.after),
        actor=name_of(move.actor) if move.actor is not None else "",
        reason=move.reason,
        customer=ticket.customer.name if ticket.customer else "",
        plan=plan,
        contact=contact,
        subject=ticket.subject,
        started_at=clock.started_at,
        due_at=clock.due_at,
        informed=informed,
        question=question,
        others=others[::-1],
    )


def _contact_texts(keys: Collection[int]) -> Mapping[int, str]:
    """Name, address and telephone number of each contact."""
    rows = Contact.objects.filter(pk__in=keys).order_by().values_list("pk", "name", "email", "phone")
    return {pk: " · ".join(filter(None, parts)) for pk, *parts in rows}


def _last_informed(clocks: Collection[int]) -> Mapping[int, Mapping[str, datetime]]:
    """The people told of each promise, and when last."""
    informed: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
    rows = Notification.objects.filter(clock__in=clocks).order_by("created_at", "pk")
    people = ("recipient__first_name", "recipient__last_name", "recipient__username")
    for clock, at, first, last, login in rows.values_list("clock", "created_at", *people):
        informed[clock][full_name(first, last) or login] = at
    return informed


def _latest_messages(tickets: Collection[int]) -> Mapping[int, list[MessageExcerpt]]:
    """The beginnings of each ticket's last messages, newest first, without notes written by the desk.

    The same number from the customer and from everybody else, so that a long thread of notes does not hide the
    question.
    """
    side = ExpressionWrapper(QUESTIONS, output_field=BooleanField())
    place = Window(RowNumber(), partition_by=["ticket", side], order_by=[F("at").desc(), F("pk").desc()])
    rows = (
        Message.objects.filter(ticket__in=tickets, is_unconfirmed=False)
        .filter(QUESTIONS | Q(is_automatic=False))
        .exclude(kind=MessageKind.AUTOMATIC)
        .annotate(place=place, start=Left("body", LAST_WORDS))
        .filter(place__lte=LAST_MESSAGES + 1)
        .order_by("-at", "-pk")
    )
    messages: defaultdict[int, list[MessageExcerpt]] = defaultdict(list)
    author = ("author__first_name", "author__last_name", "author__username")
    sender = ("contact__name", "sender_name", "sender_address")
    for (
        ticket,
        at,
        created_at,
        kind,
        channel,
        body,
        erased_at,
        first,
        last,
        login,
        *senders,
    ) in rows.values_list(
        "ticket", "at", "created_at", "kind", "channel", "start", "erased_at", *author, *sender
    ):
        by = full_name(first, last) or login if login else next(filter(None, senders), "")
        is_backdated = bool(login) and created_at - at > BACKDATED_AFTER
        is_erased = erased_at is not None
        messages[ticket].append(MessageExcerpt(at, kind, channel, by, body, is_backdated, is_erased))
    return messages


def handover_text(facts: HandoverFacts) -> str:
    """The whole note, in the language and zone of the facts. No query."""
    with as_read_by(facts.language, facts.zone):
        return "\n".join((*_what_happened(facts), *_customer(facts), *_promise(facts), *_conversation(facts)))


def _what_happened(facts: HandoverFacts) -> Iterator[str]:
    names = {"before": facts.before, "after": facts.after, "name": facts.actor, "reason": facts.reason}
    match facts.cause:
        case HandoverCause.ESCALATION if not facts.actor:
            yield _("Escalated from %(before)s to %(after)s.") % names
        case HandoverCause.ESCALATION if facts.actor == facts.before:
            yield _("%(before)s escalated it to %(after)s: %(reason)s") % names
        case HandoverCause.ESCALATION:
            yield _("%(name)s escalated it from %(before)s to %(after)s: %(reason)s") % names
        case HandoverCause.ABSENCE:
            yield _("%(before)s is away; %(after)s stands in.") % names
        case HandoverCause.DEPARTURE:
            yield _("%(before)s can no longer open tickets; it is now %(after)s's.") % names
        case HandoverCause.RETURN:
            yield _("%(after)s is back and owns it again; %(before)s owned it in the meantime.") % names


def _customer(facts: HandoverFacts) -> Iterator[str]:
    customer = facts.customer or _("unknown company")
    plan = facts.plan or (_("no contract") if facts.customer else "")
    yield _("Customer: %(name)s") % {"name": " · ".join(filter(None, (customer, plan)))}
    if facts.contact:
        yield _("Contact: %(name)s") % {"name": facts.contact}
    yield _("Subject: %(subject)s") % {"subject": facts.subject}


def _promise(facts: HandoverFacts) -> Iterator[str]:
    yield _("Received: %(time)s") % {"time": moment(facts.started_at)}
    due = clauses([moment(facts.due_at), time_left(facts.due_at, facts.at)])
    yield _("Due: %(time)s") % {"time": due}
    if facts.informed:
        people = listed([noted(name, stamp(at)) for name, at in facts.informed.items()])
        yield _("Notified: %(people)s") % {"people": people}


def _conversation(facts: HandoverFacts) -> Iterator[str]:
    if facts.question is not None:
        yield from ("", _("The customer's last message:"), facts.question.words[:LAST_WORDS].strip())
    if facts.others:
        yield from ("", _("Other messages:"))
        yield from map(_message_line, facts.others)


def _message_line(message: MessageExcerpt) -> str:
    body = " ".join(message.words[: 2 * EXCERPT].split())
    excerpt = body if len(body) <= EXCERPT else f"{body[:EXCERPT]}…"
    kind = (
        Channel(message.channel).label
        if message.kind == MessageKind.CONTACT
        else MessageKind(message.kind).label
    )
    late = _("logged later") if message.is_backdated else ""
    head = " · ".join(filter(None, (stamp(message.at), message.name, str(kind), late)))
    return labelled(head, excerpt)
