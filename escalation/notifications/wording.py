"""The sentences of notifications, in the reader's language and zone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.names import name_of
from customers.phrases import clauses, labelled, noted, sentences
from customers.times import moment, near_zoned, time_left
from escalation.choices import ClockKind, NoticeKind
from escalation.lib.drill_marks import drill_sentence, with_drill_mark, without_drill_mark
from escalation.lib.left_work import LeftWork
from escalation.models import Clock
from tickets.mailbox_problem_text import problem_in_words
from tickets.models import Ticket


@dataclass(frozen=True)
class Notice:
    """The event and its ticket; ``clock`` is the promise it is about, ``other`` the person it names.

    ``by`` is who escalated by hand. A page that names nobody goes to the ticket's holder. Without a ticket,
    ``detail`` is the whole text.
    """

    kind: NoticeKind
    ticket: Ticket | None
    clock: Clock | None = None
    other: User | None = None
    detail: str = ""
    by: User | None = None


def subject_of(notice: Notice, *, at: datetime) -> str:
    """The subject, with the time left at ``at`` if a promise is running."""
    if notice.ticket is None or notice.kind == NoticeKind.BACK:
        return str(notice.kind.label)
    if notice.ticket.is_drill:
        return with_drill_mark(
            _headline(notice, notice.ticket, without_drill_mark(notice.ticket.subject), at)
        )
    return _headline(notice, notice.ticket, notice.ticket.subject, at)


def _headline(notice: Notice, ticket: Ticket, subject: str, at: datetime) -> str:
    kind = _("SLA overdue") if _is_overdue(notice) else notice.kind.label
    head = f"[{priority_of(ticket)}] {labelled(kind, subject)}"
    return noted(head, _left(notice, at)) if notice.kind in TIMED else head


# Kinds about the reader's own email: an answer to them is no reply to the customer.
ABOUT_EMAIL = (
    NoticeKind.SENT_FOR_YOU,
    NoticeKind.KEPT_AS_NOTE,
    NoticeKind.ACKNOWLEDGED,
    NoticeKind.NOT_ACKNOWLEDGED,
    NoticeKind.UNVERIFIED,
)
# Kinds whose detail is the reason of the person that they name.
REASON_OF_THE_OTHER = (NoticeKind.RESPONSE_VOIDED, NoticeKind.WAIVER_PROPOSED)
# Kinds about a running promise: the subject says how much time is left.
TIMED = (NoticeKind.REMINDER, NoticeKind.ESCALATED_TO_YOU, NoticeKind.PAGED, NoticeKind.NOBODY_LEFT)


def _is_overdue(notice: Notice) -> bool:
    """True if it reminds of a promise that is already broken."""
    is_broken = notice.clock is not None and notice.clock.breached_at is not None
    return notice.kind == NoticeKind.REMINDER and is_broken


def _left(notice: Notice, at: datetime) -> str:
    clock = notice.clock
    return time_left(clock.due_at, at) if clock is not None and clock.is_open else ""


def priority_of(ticket: Ticket) -> str:
    return f"P{ticket.priority}"


def text_of(notice: Notice, *, at: datetime, links: Sequence[str] = ()) -> str:
    """The whole text of a notification, in the active language and zone; ``links`` are lines at its end."""
    if notice.ticket is None:
        return "\n".join([_ticketless(notice), *_spaced(links)])
    if notice.kind == NoticeKind.BACK:
        path = reverse("admin:escalation_absencemove_changelist")
        return "\n".join([_sentence(notice), "", notice.detail, "", settings.SITE_URL + path])
    drill = [drill_sentence(), ""] if notice.ticket.is_drill else []
    words = [notice.detail, ""] if notice.kind in ABOUT_EMAIL and notice.detail else []
    facts = [*_facts(notice, at), "", link_to(notice.ticket), *_spaced(links)]
    return "\n".join([*drill, sentence_of(notice, at=at), "", *words, *facts])


def short_text_of(notice: Notice, *, at: datetime) -> str:
    """A text for an SMS or a call: without the subject, which may contain anything, and without a link."""
    if notice.ticket is None:
        return _ticketless(notice)
    parts = [f"[{priority_of(notice.ticket)}] {sentence_of(notice, at=at)}"]
    if notice.ticket.is_drill:
        parts.insert(0, drill_sentence())
    if notice.clock is not None and notice.kind != NoticeKind.REMINDER:
        parts.append(_("Due: %(time)s") % {"time": near_zoned(notice.clock.due_at, at)})
    return sentences(parts)


def _ticketless(notice: Notice) -> str:
    """``detail`` of a mailbox: its address, then the problem, if there is one."""
    address, _end, problem = notice.detail.partition("\n")
    words = {
        "mailbox": address,
        "problem": problem_in_words(problem),
        "url": settings.SITE_URL + reverse("admin:tickets_mailbox_changelist"),
    }
    match notice.kind:
        case NoticeKind.SOMEBODY_LEFT:
            return _what_is_left(notice)
        case NoticeKind.MAILBOX_STOPPED:
            stopped = _("Email to %(mailbox)s is not being fetched: %(problem)s") % words
            return f"{stopped}\n\n{_what_to_do_about_mailboxes() % words}"
        case NoticeKind.MAILBOX_RECOVERED:
            return _("Email to %(mailbox)s is being fetched again.") % words
    return notice.detail


MOST_NAMED = 20  # customers and shifts in one text; the pages list all of them


def _what_is_left(notice: Notice) -> str:
    left = LeftWork.from_text(notice.detail)
    name = {"name": name_of(notice.other) if notice.other is not None else "?"}
    parts = [
        _("%(name)s can no longer open tickets. Their open tickets go to whoever stands in for them.") % name
    ]
    if left.customers:
        path = reverse("admin:customers_customer_changelist")
        parts.append(_("These customers need a new account manager or backup:"))
        parts += [*_few(left.customers), f"{settings.SITE_URL}{path}?needs=manager"]
    if left.shifts:
        path = reverse("admin:escalation_dutyrota_changelist")
        parts.append(_("These shifts need somebody else:"))
        spans = [
            clauses([one.rota, f"{moment(one.starts_at)} – {moment(one.ends_at)}"]) for one in left.shifts
        ]
        parts += [*_few(spans), f"{settings.SITE_URL}{path}"]
    return "\n".join(parts)


def _few(lines: Sequence[str]) -> list[str]:
    more = [f"… +{len(lines) - MOST_NAMED}"] if len(lines) > MOST_NAMED else []
    return [*(f"- {line}" for line in lines[:MOST_NAMED]), *more]


def _what_to_do_about_mailboxes() -> str:
    return _(
        "It waits on its server, but nobody answers it and no SLA starts. Test the connection on the mailbox's page: "
        "%(url)s"
    )


def _spaced(links: Sequence[str]) -> list[str]:
    return ["", *links] if links else []


def link_to(ticket: Ticket) -> str:
    return settings.SITE_URL + reverse("admin:tickets_ticket_change", args=[ticket.pk])


def sentence_of(notice: Notice, *, at: datetime) -> str:
    """One or two sentences about the event."""
    clock = notice.clock
    return _sentence(notice) % {
        "number": notice.ticket.number if notice.ticket is not None else "",
        "other": name_of(notice.other) if notice.other else "",
        "by": name_of(notice.by) if notice.by else "",
        "time": near_zoned(clock.due_at, at) if clock is not None else "",
        "left": time_left(clock.due_at, at) if clock is not None else "",
    }


def _sentence(notice: Notice) -> str:
    match notice.kind:
        case NoticeKind.REMINDER:
            return _reminder(notice)
        case NoticeKind.TAKEN_OVER:
            return _("%(other)s has taken over your ticket %(number)s.")
        case NoticeKind.NEW_TICKET:
            return _("%(number)s is a new ticket for you.")
        case NoticeKind.PAGED:
            return _paged(notice)
        case NoticeKind.PROPOSED | NoticeKind.MORE_PROPOSED:
            return _about_proposals(notice.kind)
        case NoticeKind.CUSTOMER_WROTE:
            return _("The customer wrote on %(number)s.")
        case NoticeKind.RESPONSE_FAILED:
            return _failure(notice)
        case NoticeKind.RESPONSE_VOIDED:
            return _("%(other)s voided a reply on %(number)s: it does not count as a response.")
        case NoticeKind.UNREACHED:
            return _unreached(notice)
        case _other:
            about = _about_absence(notice.kind) or _about_email(notice.kind) or _about_waiver(notice.kind)
            return about or _escalated(notice)


def _escalated(notice: Notice) -> str:
    return sentences([_missed(notice), _what_follows(notice)])


def _about_proposals(kind: NoticeKind) -> str:
    if kind == NoticeKind.PROPOSED:
        return _(
            "An unknown writer speaks of an outage in %(number)s. Nobody was paged: confirm or reject the proposed P0."
        )
    return _(
        "The customer of %(number)s has reported more within the hour. These tickets are proposed as P0 and are yours; "
        "nobody was paged again."
    )


def _about_waiver(kind: NoticeKind) -> str:
    match kind:
        case NoticeKind.WAIVER_PROPOSED:
            return _(
                "%(other)s proposes to waive an SLA of %(number)s. It counts when a second person confirms it on the "
                "ticket's page."
            )
        case NoticeKind.WAIVER_CONFIRMED:
            return _("%(other)s confirmed the waiver that you proposed on %(number)s.")
        case NoticeKind.WAIVER_REFUSED:
            return _("%(other)s refused the waiver that you proposed on %(number)s: the breach counts.")
    return ""


def _paged(notice: Notice) -> str:
    if notice.other is None:
        return _("%(number)s is a P0. Drop everything else. It is yours.")
    return _("%(number)s is a P0. Drop everything else. %(other)s has it.")


def _unreached(notice: Notice) -> str:
    if notice.other is None:
        return _("A group could not be reached about %(number)s.")
    return _("%(other)s could not be reached about %(number)s, so you are notified instead.")


def _about_absence(kind: NoticeKind) -> str:
    match kind:
        case NoticeKind.AWAY_TO_YOU:
            return _("%(other)s is away: %(number)s is yours in the meantime.")
        case NoticeKind.LEFT_TO_YOU:
            return _("%(other)s can no longer open tickets: %(number)s is yours now.")
        case NoticeKind.NOBODY_STANDS_IN:
            return _(
                "Nobody stands in for %(other)s: %(number)s stays with them until somebody takes it over."
            )
        case NoticeKind.TAKEN_BACK:
            return _("%(other)s is back and owns %(number)s again.")
        case NoticeKind.BACK:
            return _(
                "While you were away, colleagues looked after these tickets. Take each back, or leave it with them."
            )
        case _escalated:
            return ""


def _about_email(kind: NoticeKind) -> str:
    """What became of an email of the reader's own, or in their name."""
    match kind:
        case NoticeKind.SENT_FOR_YOU:
            return _("Your email was sent to the customer as your reply on %(number)s:")
        case NoticeKind.KEPT_AS_NOTE:
            return _(
                "Your email was not sent to the customer of %(number)s. Colleagues read it as your note."
            )
        case NoticeKind.ACKNOWLEDGED:
            return _("You acknowledged %(number)s by email.")
        case NoticeKind.NOT_ACKNOWLEDGED:
            return _("Your email acknowledged nothing on %(number)s.")
        case NoticeKind.UNVERIFIED:
            return _(
                "An email in your name came in on %(number)s, and nothing proves that you wrote it. It was kept as a "
                "note. If it was yours, go on at the ticket."
            )
        case _escalated:
            return ""


def _what_follows(notice: Notice) -> str:
    match notice.kind:
        case NoticeKind.ESCALATED_TO_YOU if notice.other is None:
            return _("It is still yours.")
        case NoticeKind.ESCALATED_TO_YOU:
            return _("It is yours now; %(other)s owned it before.")
        case NoticeKind.ESCALATED_FROM_YOU:
            return _("It was escalated past you to %(other)s.")
        case NoticeKind.NOBODY_LEFT:
            return _("The escalation chain has ended and nobody is left to take it; %(other)s still owns it.")
        case _told:
            return _("%(other)s owns it now.")


def _reminder(notice: Notice) -> str:
    if _is_overdue(notice):
        return sentences([_missed(notice), _("It is still open, %(left)s.")])
    match _kind(notice):
        case ClockKind.UPDATE:
            return _("The customer of %(number)s is owed an update by %(time)s, %(left)s.")
        case ClockKind.RESOLUTION:
            return _("%(number)s must be resolved by %(time)s, %(left)s.")
        case ClockKind.NEXT_RESPONSE:
            return _("The customer of %(number)s is waiting for a reply. Respond by %(time)s, %(left)s.")
        case _first if notice.clock is not None:
            return _("%(number)s has no reply yet. Send the first response by %(time)s, %(left)s.")
        case _unknown:
            return _owed(notice)


def _missed(notice: Notice) -> str:
    if notice.by is not None:
        return _("%(by)s escalated %(number)s manually.")
    if notice.clock is not None and notice.clock.breached_at is None:
        return _owed(notice)
    match _kind(notice):
        case ClockKind.UPDATE:
            return _("The customer of %(number)s did not get an update in time.")
        case ClockKind.RESOLUTION:
            return _("%(number)s was not resolved in time.")
        case _answer:
            return _("%(number)s was not answered in time.")


def _owed(notice: Notice) -> str:
    """What is owed, for a step that fires before the due time."""
    match _kind(notice):
        case ClockKind.UPDATE:
            return _("The customer of %(number)s is still owed an update.")
        case ClockKind.RESOLUTION:
            return _("%(number)s is not resolved yet.")
        case _answer:
            return _("%(number)s is still unanswered.")


def _kind(notice: Notice) -> ClockKind | None:
    return ClockKind(notice.clock.kind) if notice.clock is not None else None


def _failure(notice: Notice) -> str:
    if notice.clock is None:
        return _("A reply on %(number)s was not delivered.")
    return _("A reply on %(number)s was not delivered, so its SLA is running again from the start.")


def _facts(notice: Notice, at: datetime) -> Iterator[str]:
    ticket, clock = notice.ticket, notice.clock
    if ticket is None:
        return
    yield _("Customer: %(name)s") % {"name": customer_of(ticket)}
    yield _("Subject: %(subject)s") % {"subject": ticket.subject}
    yield _("Owner: %(name)s") % {"name": name_of(ticket.owner)}
    if clock is not None:
        yield _("Received: %(time)s") % {"time": moment(clock.started_at)}
        yield _("Due: %(time)s") % {"time": clauses([moment(clock.due_at), _left(notice, at)])}
        if clock.is_open and clock.next_step_at is not None and clock.next_step_at > at:
            next_at = near_zoned(clock.next_step_at, at)
            yield _("Next escalation step without a reply: %(time)s") % {"time": next_at}
    yield from _reason(notice)


def _reason(notice: Notice) -> Iterator[str]:
    """The reason and its author, if a colleague gave one."""
    giver = notice.by or (notice.other if notice.kind in REASON_OF_THE_OTHER else None)
    if not notice.detail or notice.kind in ABOUT_EMAIL:
        return
    if giver is None:
        yield _detail(notice)
    else:
        yield _("Reason given by %(name)s: %(reason)s") % {"name": name_of(giver), "reason": notice.detail}


def _detail(notice: Notice) -> str:
    """The detail; for an unreached reader, the kind of notice they should have got, after the name of a group."""
    if notice.kind != NoticeKind.UNREACHED:
        return notice.detail
    group, _line, kind = notice.detail.rpartition("\n")
    label = NoticeKind(kind).label if kind in NoticeKind.values else kind
    return labelled(group, label) if group else str(label)


def customer_of(ticket: Ticket) -> str:
    return ticket.customer.name if ticket.customer else _("unknown company")
