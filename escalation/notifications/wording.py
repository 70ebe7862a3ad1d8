"""The sentences that people are told, in their own language and zone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from customers.names import name_of
from escalation.choices import ClockKind, NoticeKind
from escalation.lib.drill_marks import drill_sentence, with_drill_mark, without_drill_mark
from escalation.models import Clock
from tickets.models import Ticket


@dataclass(frozen=True)
class Notice:
    """What happened, to which ticket; ``clock`` is the promise it is about, ``other`` the person it names.

    ``by`` is who escalated by hand. A page that names nobody is to whoever has the ticket. Without a ticket the
    ``detail`` says everything.
    """

    kind: NoticeKind
    ticket: Ticket | None
    clock: Clock | None = None
    other: User | None = None
    detail: str = ""
    by: User | None = None


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
    minute = local.replace(second=0, microsecond=0, tzinfo=None)
    return f"{_wall_clock(minute, translation.get_language())} ({local.tzname()})"


@lru_cache(maxsize=4096)
def _wall_clock(minute: datetime, _language: str | None) -> str:
    """A storm tells many people of the same minutes."""
    return date_format(minute, "DATETIME_FORMAT")


def subject_of(notice: Notice) -> str:
    if notice.ticket is None or notice.kind == NoticeKind.BACK:
        return str(notice.kind.label)
    if notice.ticket.is_drill:
        return with_drill_mark(_headline(notice, notice.ticket, without_drill_mark(notice.ticket.subject)))
    return _headline(notice, notice.ticket, notice.ticket.subject)


def _headline(notice: Notice, ticket: Ticket, subject: str) -> str:
    """A page says by its kind how urgent it is."""
    what = subject if notice.kind == NoticeKind.PAGED else f"{priority_of(ticket)} {subject}"
    kind = _("A promise is overdue") if _is_overdue(notice) else notice.kind.label
    return _("%(kind)s: %(what)s") % {"kind": kind, "what": what}


def _is_overdue(notice: Notice) -> bool:
    """Whether it reminds of a promise that is broken already."""
    is_broken = notice.clock is not None and notice.clock.breached_at is not None
    return notice.kind == NoticeKind.REMINDER and is_broken


def priority_of(ticket: Ticket) -> str:
    return f"P{ticket.priority}"


def text_of(notice: Notice, *, links: Sequence[str] = ()) -> str:
    """The whole text of a notification, in the active language and zone; ``links`` are lines at its end."""
    if notice.ticket is None:
        return "\n".join([notice.detail, *_spaced(links)])
    if notice.kind == NoticeKind.BACK:
        path = reverse("admin:escalation_absencemove_changelist")
        return "\n".join([_sentence(notice), "", notice.detail, "", settings.SITE_URL + path])
    drill = [drill_sentence(), ""] if notice.ticket.is_drill else []
    lines = [*drill, sentence_of(notice), "", *_facts(notice), "", link_to(notice.ticket), *_spaced(links)]
    return "\n".join(lines)


def short_text_of(notice: Notice) -> str:
    """What fits into an SMS or a call: no subject, which may hold anything, and no link."""
    if notice.ticket is None:
        return notice.detail
    parts = [f"{priority_of(notice.ticket)}.", sentence_of(notice)]
    if notice.ticket.is_drill:
        parts.insert(0, drill_sentence())
    if notice.clock is not None:
        parts.append(_("Due: %(time)s") % {"time": moment(notice.clock.due_at)})
    return " ".join(parts)


def _spaced(links: Sequence[str]) -> list[str]:
    return ["", *links] if links else []


def link_to(ticket: Ticket) -> str:
    return settings.SITE_URL + reverse("admin:tickets_ticket_change", args=[ticket.pk])


def sentence_of(notice: Notice) -> str:
    """What happened, in one or two sentences."""
    text = _sentence(notice)
    other = person_name(notice.other) if notice.other else ""
    number = notice.ticket.number if notice.ticket is not None else ""
    by = person_name(notice.by) if notice.by else ""
    return text % {"number": number, "other": other, "by": by}


def _sentence(notice: Notice) -> str:
    match notice.kind:
        case NoticeKind.REMINDER:
            return _reminder(notice)
        case NoticeKind.TAKEN_OVER:
            return _("%(other)s took %(number)s over from you.")
        case NoticeKind.NEW_TICKET:
            return _("%(number)s is a new ticket for you.")
        case NoticeKind.PAGED:
            return _paged(notice)
        case NoticeKind.CUSTOMER_WROTE:
            return _("The customer wrote on %(number)s.")
        case NoticeKind.RESPONSE_FAILED:
            return _failure(notice)
        case NoticeKind.RESPONSE_VOIDED:
            return _("%(other)s voided the answer on %(number)s: it does not count for the promise.")
        case NoticeKind.UNREACHED:
            return _unreached(notice)
        case _other:
            return _about_absence(notice.kind) or _escalated(notice)


def _escalated(notice: Notice) -> str:
    return _("%(first)s %(second)s") % {"first": _missed(notice), "second": _what_follows(notice)}


def _paged(notice: Notice) -> str:
    if notice.other is None:
        return _("%(number)s is a P0: everything else waits. It is yours.")
    return _("%(number)s is a P0: everything else waits. %(other)s is on it.")


def _unreached(notice: Notice) -> str:
    if notice.other is None:
        return _("A group could not be reached about %(number)s.")
    return _("%(other)s could not be reached about %(number)s, so you are told.")


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


def _what_follows(notice: Notice) -> str:
    match notice.kind:
        case NoticeKind.ESCALATED_TO_YOU if notice.other is None:
            return _("It is still yours.")
        case NoticeKind.ESCALATED_TO_YOU:
            return _("It is yours now; %(other)s held it before.")
        case NoticeKind.ESCALATED_FROM_YOU:
            return _("It went from you to %(other)s.")
        case NoticeKind.NOBODY_LEFT:
            return _("Nobody is left to escalate to; %(other)s still holds it.")
        case _told:
            return _("%(other)s has it now.")


def _reminder(notice: Notice) -> str:
    if _is_overdue(notice):
        return _("%(missed)s It still waits.") % {"missed": _missed(notice)}
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
    if notice.by is not None:
        return _("%(by)s escalated %(number)s by hand.")
    if notice.clock is not None and notice.clock.breached_at is None:
        return _owed(notice)
    match _kind(notice):
        case ClockKind.UPDATE:
            return _("The customer of %(number)s did not hear in time how it goes.")
        case ClockKind.RESOLUTION:
            return _("%(number)s was not resolved in time.")
        case _answer:
            return _("%(number)s had no answer in time.")


def _owed(notice: Notice) -> str:
    """Of a step that fires before the due time."""
    match _kind(notice):
        case ClockKind.UPDATE:
            return _("The customer of %(number)s is still to hear how it goes.")
        case ClockKind.RESOLUTION:
            return _("%(number)s is still to be resolved.")
        case _answer:
            return _("%(number)s still waits for an answer.")


def _kind(notice: Notice) -> ClockKind | None:
    return ClockKind(notice.clock.kind) if notice.clock is not None else None


def _failure(notice: Notice) -> str:
    if notice.clock is None:
        return _("An answer on %(number)s did not arrive.")
    return _("The answer on %(number)s did not arrive, so its promise runs again from the start.")


def _facts(notice: Notice) -> Iterator[str]:
    ticket = notice.ticket
    if ticket is None:
        return
    customer = ticket.customer.name if ticket.customer else _("unknown company")
    yield _("Customer: %(name)s") % {"name": customer}
    yield _("Subject: %(subject)s") % {"subject": ticket.subject}
    if notice.clock is not None:
        yield _("Received: %(time)s") % {"time": moment(notice.clock.started_at)}
        yield _("Due: %(time)s") % {"time": moment(notice.clock.due_at)}
    if notice.detail:
        yield _("Reason: %(reason)s") % {"reason": notice.detail} if notice.by else notice.detail
