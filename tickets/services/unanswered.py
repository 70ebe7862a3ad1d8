"""Whether the customer is waiting for us: their oldest question without an answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, Max, OuterRef

from tickets.models import Message, Ticket
from tickets.models.message import MessageQuerySet
from tickets.services.closings import closings_of
from tickets.services.origins import Origins, origins_of


@dataclass(frozen=True)
class WaitingQuestion:
    """A question that is owed an answer since its receipt, or since the ticket was opened again for it (UTC)."""

    message: Message
    since: datetime


def oldest_unanswered_question(ticket: Ticket) -> WaitingQuestion | None:
    """The oldest question without an answer that counts: one given since its receipt, by somebody who could read it.

    What was said in another ticket before both were merged does not count. Whoever ended the ticket over a question
    gave it up, until somebody opens the ticket again.
    """
    return next(iter(waiting_questions(ticket)), None)


def waiting_questions(ticket: Ticket) -> list[WaitingQuestion]:
    """All of them, the one that is owed an answer for the longest time first."""
    origins = origins_of(ticket)
    unanswered = unanswered_questions(ticket, origins)
    if not unanswered:
        return []
    closings = closings_of(ticket, origins)
    since = [(question, closings.waits_since(question)) for question in unanswered]
    waiting = [WaitingQuestion(question, at) for question, at in since if at is not None]
    return sorted(waiting, key=lambda each: (each.since, each.message.at))


def unanswered_questions(
    ticket: Ticket, origins: Origins | None, *, by: datetime | None = None
) -> list[Message]:
    """All questions without an answer that counts, also those that were given up, the oldest first.

    ``by`` is when the answer must have been given (UTC).
    """
    responses = ticket.messages.responses()
    if by is not None:
        responses = responses.filter(at__lte=by)
    if origins is not None:
        return _unanswered_of_merged(ticket, origins, list(responses))
    answers = responses.filter(at__gte=OuterRef("at")).written_since(OuterRef("created_at"))
    return list(_promised_questions(ticket).exclude(Exists(answers)).order_by("at", "pk"))


def _unanswered_of_merged(ticket: Ticket, origins: Origins, answers: Sequence[Message]) -> list[Message]:
    return [
        question
        for question in _promised_questions(ticket).order_by("at", "pk")
        if not any(
            _answers(answer, question) and origins.are_together(answer, question) for answer in answers
        )
    ]


def _answers(answer: Message, question: Message) -> bool:
    return question.at <= answer.at and question.created_at <= max(answer.at, answer.created_at)


def oldest_answered_by(answer: Message, ticket: Ticket, *, since: datetime) -> Message | None:
    """The oldest question received after ``since`` (UTC) that this answer of the ticket answers."""
    origins = origins_of(ticket)
    for question in _promised_questions(ticket).filter(at__gt=since, at__lte=answer.at).order_by("at", "pk"):
        is_here = origins is None or origins.are_together(answer, question)
        if _answers(answer, question) and is_here:
            return question
    return None


def still_waiting_question(ticket: Ticket) -> Message | None:
    """The oldest question that still waits, after one that the customer waited for stopped counting.

    Questions from before that one are answered, or the ticket was ended over them.
    """
    if ticket.unanswered_since is None:
        return None
    waiting = _promised_questions(ticket).filter(at__gte=ticket.unanswered_since)
    return waiting.order_by("at", "pk").first()


def waiting_since_with(ticket: Ticket, messages: Iterable[Message]) -> datetime | None:
    """Since when the customer waits now that these messages count as well, unless we answered after them."""
    last = _last_answer(ticket)
    times = [message.at for message in messages if last is None or message.at > last]
    if ticket.unanswered_since is not None:
        times.append(ticket.unanswered_since)
    return min(times, default=None)


def _promised_questions(ticket: Ticket) -> MessageQuerySet:
    """Without imported ones: they are older than the desk and promised nothing."""
    return ticket.messages.questions().exclude(inbound__is_history=True)


def _last_answer(ticket: Ticket) -> datetime | None:
    last: datetime | None = ticket.messages.responses().aggregate(last=Max("at"))["last"]
    return last


def unanswered_since(ticket: Ticket) -> datetime | None:
    """When that question was received (UTC); None if the customer is not waiting for us."""
    question = oldest_unanswered_question(ticket)
    return question.message.at if question is not None else None
