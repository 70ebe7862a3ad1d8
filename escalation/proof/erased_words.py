"""Names the gaps of the proof: the messages whose words were erased, so that nobody can compare them any more."""

from collections.abc import Iterator
from datetime import UTC

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.names import name_of
from tickets.models import Message

MOST_NAMED = 1_000


def gaps_in_words(*, ticket: int | None = None) -> Iterator[str]:
    """How many messages of all tickets, or of one given by its key, have no words left, then each with who and when."""
    erased = Message.objects.exclude(erased_at=None).select_related("ticket", "erased_by")
    if ticket is not None:
        erased = erased.filter(ticket=ticket)
    count = erased.count()
    if not count:
        return
    yield ngettext(
        "The words of %(count)s message were erased: its times and hashes were checked, its words cannot be.",
        "The words of %(count)s messages were erased: their times and hashes were checked, their words cannot be.",
        count,
    ) % {"count": count}
    for message in erased.defer("ticket__subject").order_by("erased_at", "pk")[:MOST_NAMED]:
        yield _gap(message)


def _gap(message: Message) -> str:
    at, erased_at = message.at, message.erased_at
    if message.erased_by is None:
        text = _("%(number)s, message of %(at)s: kept for long enough and erased on %(time)s.")
    else:
        text = _("%(number)s, message of %(at)s: erased by %(name)s on %(time)s.")
    return text % {
        "number": message.ticket.number,
        "at": f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        "name": name_of(message.erased_by) if message.erased_by is not None else "?",
        "time": f"{erased_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if erased_at is not None else "?",
    }
