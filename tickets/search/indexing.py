"""Writes what the search knows of messages, in the transaction that writes the messages."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from customers.search.tokens import tokens_of
from tickets.choices import MessageKind
from tickets.models import Attachment, Message, MessageTokens, Ticket

# A message belongs to a span of 2**14 messages by its key, to one of 2**16 and so on. With a token for each of them,
# a common word is looked for among the newest messages only.
SPANS = (14, 16, 18, 20, 22)


_gathered: ContextVar[list[MessageTokens] | None] = ContextVar("message tokens", default=None)


def span_token(bits: int, number: int) -> str:
    return f"~{bits}~{number}"


def index_message(message: Message, *, subject: str, files: Iterable[str] = ()) -> None:
    """Make a new message findable. Needs the ticket's lock."""
    if is_findable(message):
        _add([_row(message, [subject], files)])


@contextmanager
def indexed_together() -> Iterator[None]:
    """Index the messages of the code inside with one query, at its end; none if it raises. May be nested."""
    rows: list[MessageTokens] = []
    token = _gathered.set(rows)
    try:
        yield
    finally:
        _gathered.reset(token)
    _add(rows)


def _add(rows: Collection[MessageTokens]) -> None:
    gathered = _gathered.get()
    if gathered is not None:
        gathered.extend(rows)
    elif rows:
        # One that is there already is newer: index_tickets has written it since.
        MessageTokens.objects.bulk_create(rows, ignore_conflicts=True)


def is_findable(message: Message) -> bool:
    """False for the desk's own notes, which nobody looks for."""
    return not (message.kind == MessageKind.NOTE and message.is_automatic)


def index_tickets(tickets: Collection[int]) -> None:
    """Write anew what the search knows of these tickets (their keys), as after words were erased. Needs their locks."""
    subjects = _subjects(tickets)
    messages = [*filter(is_findable, Message.objects.filter(ticket__in=tickets).defer("quoted", "html"))]
    files = defaultdict(list)
    for message, name in Attachment.objects.filter(message__ticket__in=tickets).values_list(
        "message", "name"
    ):
        files[message].append(name)
    rows = [_row(each, subjects[each.ticket_id], files[each.pk]) for each in messages]
    MessageTokens.objects.filter(message__ticket__in=tickets).exclude(
        pk__in=[row.pk for row in rows]
    ).delete()
    MessageTokens.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["message"],
        update_fields=["ticket", "tokens"],
        batch_size=200,
    )


def _subjects(tickets: Collection[int]) -> dict[int, list[str]]:
    """The subjects of each ticket: its own, and those of the tickets that were merged into it."""
    subjects: defaultdict[int, list[str]] = defaultdict(list)
    for pk, subject in Ticket.objects.filter(pk__in=tickets).values_list("pk", "subject"):
        subjects[pk].append(subject)
    merged = Ticket.objects.filter(merged_into__in=tickets)
    for into, subject in merged.values_list("merged_into", "subject"):
        if into is not None:
            subjects[into].append(subject)
    return subjects


def _row(message: Message, subjects: Iterable[str], files: Iterable[str]) -> MessageTokens:
    writer = (message.sender_name, message.sender_address, message.reached)
    # What an out-of-office reply or a delivery report says, thousands of others say too.
    body = "" if message.kind == MessageKind.AUTOMATIC else message.body
    tokens = tokens_of(*subjects, *writer, *files, body)
    spans = [span_token(bits, message.pk >> bits) for bits in SPANS]
    return MessageTokens(message_id=message.pk, ticket_id=message.ticket_id, tokens=[*tokens, *spans])
