"""Names the kinds of mail that are kept on a ticket without effect, in the reader's language."""

from django.utils.translation import gettext, gettext_noop

from tickets.mail.classify import MailKind

_NAMES = {
    MailKind.AUTO_REPLY: gettext_noop("Automatic reply"),
    MailKind.CALENDAR: gettext_noop("Answer to an invitation"),
    MailKind.BOUNCE: gettext_noop("Delivery failed"),
    MailKind.DELAY: gettext_noop("Delivery delayed"),
    MailKind.COMPLAINT: gettext_noop("Spam complaint"),
    MailKind.RECEIPT: gettext_noop("Delivery or read receipt"),
}
_OTHER = gettext_noop("Automatic email")


def kept_mail_in_words(kind: str) -> str:
    """For `InboundEmail.kind`. A repeated alarm, and what a person marked as automatic, have no name of their own."""
    return gettext(_NAMES[MailKind(kind)] if kind in _NAMES else _OTHER)
