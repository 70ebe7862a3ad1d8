"""Messages as evidence: what shows later that their words and times are the same."""

from tickets.models import Message
from tickets.words_digest import new_salt


def digest_for_good(message: Message) -> bytes | None:
    """The salted digest of a message's words and times; None once they are erased.

    A message older than digests gets its salt now. Needs the lock of its ticket.
    """
    if message.salt is None and message.erased_at is None:
        message.salt = new_salt()
        message.save(update_fields=["salt"])
    return message.words_digest
