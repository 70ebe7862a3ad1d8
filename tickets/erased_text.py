"""Says in the reader's language and zone who erased the words of a message, when and why."""

from django.utils import timezone
from django.utils.translation import gettext as _

from customers.names import name_of
from customers.times import dated
from tickets.models import Message


def erased_in_words(message: Message) -> str:
    """The sentence that stands in place of the words; empty if they are there. Needs ``erased_by`` loaded."""
    if message.erased_at is None:
        return ""
    time = dated(message.erased_at, timezone.get_current_timezone_name())
    if message.erased_by is None:
        return _("Words erased on %(time)s: they had been kept for long enough.") % {"time": time}
    return _("Words erased by %(name)s on %(time)s: %(reason)s") % {
        "name": name_of(message.erased_by),
        "time": time,
        "reason": message.erase_reason,
    }


def erased_words_stand_in() -> str:
    """What stands for the words where the reader has no business with who erased them and why."""
    return _("The words of this message were erased.")
