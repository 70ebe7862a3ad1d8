"""What was said on the ticket while somebody wrote an answer: it holds the answer until they have read it."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils.translation import gettext as _

from escalation.templatetags.promises import person
from tickets.choices import MessageKind
from tickets.errors import DeskError
from tickets.models import Message, Ticket
from tickets.models.message import holds_answers_of

MOST_SHOWN = 5


class NewerMessage(DeskError):
    """The customer wrote, or a colleague answered, while the reply was being written: its text is kept, nothing sent.

    ``messages`` are the newer ones, oldest first; the last is the newest.
    """

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__(_problem(messages))
        self.messages = messages


def _problem(messages: Sequence[Message]) -> str:
    if any(message.kind == MessageKind.INBOUND for message in messages):
        return _("Not sent: the customer wrote again in the meantime. Read the new message, then send again.")
    last = messages[-1]
    if last.kind == MessageKind.CONTACT:
        sentence = _("Not sent: %(name)s reached the customer in the meantime. Is your reply still needed?")
    else:
        sentence = _("Not sent: %(name)s answered in the meantime. Is your reply still needed?")
    return sentence % {"name": person(last.author)}


def newest_unseen(ticket: Ticket, *, seen: int, reader: User) -> Message | None:
    """The newest message after ``seen``, the key of the newest one that the reader's page shows."""
    unseen = ticket.messages.to_read_first(reader.pk).filter(pk__gt=seen)
    return unseen.select_related("author").order_by("pk").last()


def hold_for_newer(ticket: Ticket, *, seen: int, actor: User) -> list[str]:
    """Raise NewerMessage if there is a message that holds the answer; else the Message-IDs of the conversation.

    Needs the ticket's lock: no message slips in afterwards, and of two answers at once the second is held. One query.
    """
    is_newer = ExpressionWrapper(holds_answers_of(actor.pk) & Q(pk__gt=seen), BooleanField())
    heads = list(
        ticket.messages.annotate(is_newer=is_newer)
        .order_by("at", "pk")
        .values_list("pk", "is_newer", "rfc_message_id")
    )
    newer = sorted(pk for pk, is_newer, _id in heads if is_newer)
    if newer:
        last = Message.objects.filter(pk__in=newer[-MOST_SHOWN:]).select_related("author")
        raise NewerMessage(list(last.order_by("pk")))
    return [message_id for _pk, _newer, message_id in heads if message_id]
