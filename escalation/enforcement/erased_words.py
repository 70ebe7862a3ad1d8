"""Takes erased words out of what the desk wrote about their ticket: notes for new owners and notifications."""

from collections.abc import Iterator

from django.db.models import Q, QuerySet

from escalation.choices import NoticeKind
from escalation.enforcement.colleague_mail import MOST_WORDS
from escalation.enforcement.handover import EXCERPT, LAST_WORDS
from escalation.models import Notification, NotificationAttempt
from tickets.choices import MessageKind
from tickets.events import WordsErased
from tickets.models import Message, Ticket
from tickets.repeated_words import RepeatedWords
from tickets.services.erasing import cut_from_mails

# Where notes and notifications shorten what they repeat.
LENGTHS = (MOST_WORDS, LAST_WORDS, 2 * EXCERPT, EXCERPT)


def cut_erased_words(event: WordsErased) -> None:
    """Needs the ticket's lock, as publishers of events have it."""
    _cut_from_notes(event.message, event.words)
    notifications = _notifications_about(event.ticket)
    _cut_from_details(notifications, event.words)
    cut_from_mails(set(_mails_of(notifications)), event.words, *LENGTHS)


def _cut_from_notes(message: Message, words: RepeatedWords) -> None:
    """No line of the ledger rests on a note of the desk, so its text may change."""
    notes = Message.objects.filter(ticket=message.ticket_id, kind=MessageKind.NOTE, is_automatic=True)
    changed = []
    for note in notes.filter(created_at__gte=message.created_at).only("body"):
        body = words.cut_from(note.body, *LENGTHS)
        if body != note.body:
            note.body = body
            changed.append(note)
    Message.objects.bulk_update(changed, ["body"])


def _notifications_about(ticket: Ticket) -> QuerySet[Notification]:
    """Of the ticket, of those merged into it, and digests of its customer, which name other tickets too."""
    about = Q(ticket=ticket) | Q(ticket__merged_into=ticket)
    if ticket.customer_id is not None:
        about |= Q(kind=NoticeKind.MORE_PROPOSED, ticket__customer=ticket.customer_id)
    return Notification.objects.filter(about)


def _cut_from_details(notifications: QuerySet[Notification], words: RepeatedWords) -> None:
    changed = []
    for notification in notifications.exclude(detail="").only("detail"):
        detail = words.cut_from(notification.detail, *LENGTHS)
        if detail != notification.detail:
            notification.detail = detail
            changed.append(notification)
    Notification.objects.bulk_update(changed, ["detail"])


def _mails_of(notifications: QuerySet[Notification]) -> Iterator[int]:
    """The keys of the mails that carried them."""
    tried = NotificationAttempt.objects.filter(notification__in=notifications.order_by().values("pk"))
    for rows in (notifications, tried):
        yield from rows.exclude(mail=None).order_by().values_list("mail", flat=True)
