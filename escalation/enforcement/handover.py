"""Fills handover summaries from the database, many at once, and writes the note of one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.contrib.auth.models import User
from django.db.models import BooleanField, ExpressionWrapper, F, Q, Window
from django.db.models.functions import Left, RowNumber

from customers.models import Contact, Contract
from customers.names import full_name
from escalation.enforcement.handover_summary import (
    LAST_MESSAGES,
    LAST_WORDS,
    HandoverCause,
    HandoverFacts,
    Informed,
    Said,
    handover_text,
)
from escalation.models import Clock, Escalation, Notification
from escalation.notifications.wording import person_name, reader_of
from tickets.choices import MessageKind
from tickets.models import Message
from tickets.models.message import BACKDATED_AFTER
from tickets.services.conversation import note_down, note_down_all

QUESTIONS = Q(kind=MessageKind.INBOUND)


@dataclass(frozen=True)
class Handover:
    """A ticket on its way to the next holder; ``actor`` and ``reason`` are those of whoever escalates by hand."""

    clock: Clock
    before: User
    after: User
    cause: HandoverCause = HandoverCause.STEP
    actor: User | None = None
    reason: str = ""

    @classmethod
    def of(cls, clock: Clock, escalation: Escalation) -> Self:
        by = escalation.by
        cause = HandoverCause.STEP if by is None else HandoverCause.BY_HAND
        after = escalation.to_owner or escalation.from_owner
        return cls(clock, escalation.from_owner, after, cause, by, escalation.reason)


def write_handover(clock: Clock, escalation: Escalation, *, at: datetime) -> Message:
    """Write the note in the new owner's language; the caller holds the ticket's lock."""
    [facts] = handover_facts([Handover.of(clock, escalation)], at=at)
    return note_down(clock.ticket, actor=None, at=at, body=handover_text(facts))


def write_handovers(moved: Sequence[tuple[Clock, Escalation]], *, at: datetime) -> None:
    """As write_handover for many, whose tickets the caller has locked and brings up to date; five queries."""
    write_summaries([Handover.of(clock, escalation) for clock, escalation in moved], at=at)


def write_summaries(moves: Sequence[Handover], *, at: datetime) -> None:
    """The note of each move, whatever its cause; for tickets as write_handovers wants them, and in as many queries."""
    facts = handover_facts(moves, at=at) if moves else []
    note_down_all(
        [(move.clock.ticket, handover_text(one)) for move, one in zip(moves, facts, strict=True)], at=at
    )


def handover_facts(moves: Sequence[Handover], *, at: datetime) -> list[HandoverFacts]:
    """The facts of each move, in their order; four queries for any number.

    Needs loaded what a sweep has at hand: ``clock.ticket.customer``, and ``staff_profile`` of the new holders.
    """
    contacts = _contacts({move.clock.ticket.contact_id for move in moves})
    plans = _plans({move.clock.contract_id for move in moves})
    told = _told([move.clock.pk for move in moves])
    said = _said([move.clock.ticket.pk for move in moves])
    return [
        _facts(
            move,
            at,
            contact=contacts.get(move.clock.ticket.contact_id, ""),
            plan=plans.get(move.clock.contract_id, ""),
            told=told[move.clock.pk],
            said=said[move.clock.ticket.pk],
        )
        for move in moves
    ]


def _facts(
    move: Handover,
    at: datetime,
    *,
    contact: str,
    plan: str,
    told: Mapping[str, datetime],
    said: Sequence[Said],
) -> HandoverFacts:
    clock, ticket = move.clock, move.clock.ticket
    language, zone = reader_of(move.after)
    question = next((one for one in said if one.kind == MessageKind.INBOUND), None)
    others = [one for one in said if one is not question][:LAST_MESSAGES]
    return HandoverFacts(
        language=language,
        zone=zone,
        at=at,
        cause=move.cause,
        before=person_name(move.before),
        after=person_name(move.after),
        actor=person_name(move.actor) if move.actor is not None else "",
        reason=move.reason,
        customer=ticket.customer.name if ticket.customer else "",
        plan=plan,
        contact=contact,
        subject=ticket.subject,
        started_at=clock.started_at,
        due_at=clock.due_at,
        told=[Informed(name, when) for name, when in told.items()],
        question=question,
        last=others[::-1],
    )


def _contacts(keys: Collection[int | None]) -> Mapping[int | None, str]:
    """Name, address and telephone of each."""
    rows = Contact.objects.filter(pk__in=_known(keys)).order_by()
    found = rows.values_list("pk", "name", "email", "phone")
    return {pk: " · ".join(filter(None, how)) for pk, *how in found}


def _plans(keys: Collection[int | None]) -> Mapping[int | None, str]:
    rows = Contract.objects.filter(pk__in=_known(keys)).order_by()
    return dict(rows.values_list("pk", "plan__name"))


def _known(keys: Iterable[int | None]) -> list[int]:
    return [key for key in keys if key is not None]


def _told(clocks: Collection[int]) -> Mapping[int, Mapping[str, datetime]]:
    """By promise: who was told of it, and when last."""
    told: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
    rows = Notification.objects.filter(clock__in=clocks).order_by("created_at", "pk")
    people = ("recipient__first_name", "recipient__last_name", "recipient__username")
    for clock, at, first, last, login in rows.values_list("clock", "created_at", *people):
        told[clock][full_name(first, last) or login] = at
    return told


def _said(tickets: Collection[int]) -> Mapping[int, list[Said]]:
    """The beginnings of the last messages of each ticket, newest first, what the desk wrote itself left out.

    As many of the customer as of everybody else, so that a long thread of notes does not hide the question.
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
    said: defaultdict[int, list[Said]] = defaultdict(list)
    author = ("author__first_name", "author__last_name", "author__username")
    sender = ("contact__name", "sender_name", "sender_address")
    for ticket, at, created_at, kind, channel, body, first, last, login, *senders in rows.values_list(
        "ticket", "at", "created_at", "kind", "channel", "start", *author, *sender
    ):
        by = full_name(first, last) or login if login else next(filter(None, senders), "")
        is_backdated = bool(login) and created_at - at > BACKDATED_AFTER
        said[ticket].append(Said(at, kind, channel, by, body, is_backdated))
    return said
