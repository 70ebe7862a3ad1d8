"""Whether the customer is waiting for us: their oldest question after our last answer."""

from datetime import datetime

from django.db.models import Max

from tickets.models import Message, Ticket


def oldest_unanswered_question(ticket: Ticket) -> Message | None:
    """The oldest question received after the last answer that counts; one received at the same moment is answered."""
    questions = ticket.messages.questions()
    last: datetime | None = ticket.messages.responses().aggregate(last=Max("at"))["last"]
    if last is not None:
        questions = questions.filter(at__gt=last)
    return questions.order_by("at", "pk").first()


def unanswered_since(ticket: Ticket) -> datetime | None:
    """When that question was received (UTC); None if the customer is not waiting for us."""
    question = oldest_unanswered_question(ticket)
    return question.at if question is not None else None
