"""The sentences that people are told, in their own language and zone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from customers.names import name_of
from escalation.choices import ClockKind, NoticeKind
from escalation.drillwords import drill_sentence, marked, unmarked
from escalation.models import Clock
from tickets.models import Ticket


@dataclass(frozen=True)
class Notice:
    """What happened, to which ticket; ``clock`` is the promise it is about, ``other`` the person it names."""

    kind: NoticeKind
    ticket: Ticket
    clock: Clock | None = None
    other: User | None = None
    detail: str = ""


def person_name(user: User) -> str:
    return name_of(user)


@contextmanager
def as_read_by(language: str, zone: str) -> Iterator[None]:
    """Texts and times inside are those of a reader with this language and zone."""
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        yield


def reader_of(user: User) -> tuple[str, str]:
    """Language and zone of a colleague; without a profile those of the desk."""
    profile = getattr(user, "staff_profile", None)
    return (
        (profile.language, profile.time_zone)
        if profile
        else (settings.LANGUAGE_CODE, settings.DESK_TIME_ZONE)
    )


def moment(at: datetime) -> str:
    """A time as people read it, with its zone, in the active language and zone."""
    local = timezone.localtime(at)
    return f"{date_format(local, 'DATETIME_FORMAT')} ({local.tzname()})"


def subject_of(notice: Notice) -> str:
    if notice.kind == NoticeKind.BACK:
        return str(notice.kind.label)
    if notice.ticket.is_drill:
        return marked(f"{notice.kind.label}: {_priority(notice)} {unmarked(notice.ticket.subject)}")
    return f"{notice.kind.label}: {_priority(notice)} {notice.ticket.subject}"


def _priority(notice: Notice) -> str:
    return f"P{notice.ticket.priority}"


def text_of(notice: Notice) -> str:
    """The whole text of a notification, in the active language and zone."""
    if notice.kind == NoticeKind.BACK:
        path = reverse("admin:escalation_absencemove_changelist")
        return "\n".join([_sentence(notice), "", notice.detail, "", settings.SITE_URL + path])
    drill = [drill_sentence(), ""] if notice.ticket.is_drill else []
    lines = [*drill, _sentence(notice), "", *_facts(notice), "", settings.SITE_URL + _path(notice.ticket)]
    return "\n".join(lines)


def _sentence(notice: Notice) -> str:
    match notice.kind:
        case NoticeKind.REMINDER:
            text = _reminder(notice)
        case NoticeKind.TAKEN_OVER:
            text = _("%(other)s took %(number)s over from you.")
        case NoticeKind.NEW_TICKET:
            text = _("%(number)s is a new ticket for you.")
        case NoticeKind.PAGED:
            text = _("%(number)s is a P0: everything else waits. %(other)s is on it.")
        case NoticeKind.CUSTOMER_WROTE:
            text = _("The customer wrote on %(number)s.")
        case NoticeKind.RESPONSE_FAILED:
            text = _failure(notice)
        case NoticeKind.RESPONSE_VOIDED:
            text = _("%(other)s voided the answer on %(number)s: it does not count for the promise.")
        case _other:
            text = _about_absence(notice.kind) or f"{_missed(notice)} {_what_follows(notice.kind)}"
    other = person_name(notice.other) if notice.other else ""
    return text % {"number": notice.ticket.number, "other": other}


def _about_absence(kind: NoticeKind) -> str:
    match kind:
        case NoticeKind.AWAY_TO_YOU:
            return _("%(other)s is away: %(number)s is yours meanwhile.")
        case NoticeKind.NOBODY_STANDS_IN:
            return _(
                "%(other)s is away and nobody stands in: %(number)s stays there until somebody takes it."
            )
        case NoticeKind.TAKEN_BACK:
            return _("%(other)s is back and has %(number)s again.")
        case NoticeKind.BACK:
            return _("While you were away these tickets went to others. Take each back, or let it stay.")
        case _escalated:
            return ""


def _what_follows(kind: NoticeKind) -> str:
    match kind:
        case NoticeKind.ESCALATED_TO_YOU:
            return _("It is yours now; %(other)s held it before.")
        case NoticeKind.ESCALATED_FROM_YOU:
            return _("It went from you to %(other)s.")
        case NoticeKind.NOBODY_LEFT:
            return _("Nobody is left to escalate to; %(other)s still holds it.")
        case _told:
            return _("%(other)s has it now.")


def _reminder(notice: Notice) -> str:
    match _kind(notice):
        case ClockKind.UPDATE:
            return _(
                "The customer of %(number)s is to hear how it goes. The promise falls due at the time below."
            )
        case ClockKind.RESOLUTION:
            return _("%(number)s is to be resolved. The promise falls due at the time below.")
        case _answer:
            return _("%(number)s waits for an answer. Its promise falls due at the time below.")


def _missed(notice: Notice) -> str:
    match _kind(notice):
        case ClockKind.UPDATE:
            return _("The customer of %(number)s did not hear in time how it goes.")
        case ClockKind.RESOLUTION:
            return _("%(number)s was not resolved in time.")
        case _answer:
            return _("%(number)s had no answer in time.")


def _kind(notice: Notice) -> ClockKind | None:
    return ClockKind(notice.clock.kind) if notice.clock is not None else None


def _failure(notice: Notice) -> str:
    if notice.clock is None:
        return _("An answer on %(number)s did not arrive.")
    return _("The answer on %(number)s did not arrive, so its promise runs again from the start.")


def _facts(notice: Notice) -> Iterator[str]:
    ticket = notice.ticket
    customer = ticket.customer.name if ticket.customer else _("unknown company")
    yield _("Customer: %(name)s") % {"name": customer}
    yield _("Subject: %(subject)s") % {"subject": ticket.subject}
    if notice.clock is not None:
        yield _("Received: %(time)s") % {"time": moment(notice.clock.started_at)}
        yield _("Due: %(time)s") % {"time": moment(notice.clock.due_at)}
    if notice.detail:
        yield notice.detail


def _path(ticket: Ticket) -> str:
    return reverse("admin:tickets_ticket_change", args=[ticket.pk])
