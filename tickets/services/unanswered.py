"""Whether the customer waits: their oldest question that came after our last answer."""

from datetime import datetime

from django.db.models import Max

from tickets.models import Message, Ticket


def oldest_unanswered_question(ticket: Ticket) -> Message | None:
    """The oldest question that was received after the last answer that arrived; a tie counts as answered."""
    questions = ticket.messages.questions()
    last: datetime | None = ticket.messages.responses().aggregate(last=Max("at"))["last"]
    if last is not None:
        questions = questions.filter(at__gt=last)
    return questions.order_by("at", "pk").first()


def unanswered_since(ticket: Ticket) -> datetime | None:
    """The receipt of that question (UTC); None while the turn is the customer's."""
    question = oldest_unanswered_question(ticket)
    return question.at if question is not None else None
