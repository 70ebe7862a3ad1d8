"""The sentences of an explanation, for somebody who does not know how the desk works inside."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.explaining.facts import Evidence, Explanation
from escalation.explaining.times import Zones, length
from tickets.choices import Channel, MessageKind, OutboxState

NOTABLE = timedelta(minutes=1)  # a shorter delay between an event and its record is nothing to speak of


def outcome(it: Explanation) -> str:
    """How the promise stands, in one sentence."""
    left = {"time": length(it.count.left)}
    match it.state:
        case ClockState.MET:
            return _("Kept, with %(time)s of the window left.") % left
        case ClockState.RUNNING:
            return _("Running, with %(time)s of the window left.") % left
        case ClockState.PAUSED:
            return (
                _("Standing still while the customer is to answer, with %(time)s of the window left.") % left
            )
        case ClockState.BREACHED:
            return _broken(it)
        case _cancelled:
            return _("Called off: it did not have to be kept any more.")


def _broken(it: Explanation) -> str:
    if it.end is not None and it.end.change == ClockChange.CANCELLED:
        return _("Broken: it ended without being kept.")
    if it.late_by is None or it.late_working is None:
        return _("Broken.")
    late = {"time": length(it.late_by), "working": length(it.late_working)}
    if it.end is None:
        return _("Broken: still open %(time)s after it was due (%(working)s of working time).") % late
    return _("Broken: done %(time)s after it was due (%(working)s of working time).") % late


def why_started(it: Explanation) -> str:
    """Which event starts a promise of this kind."""
    match it.kind:
        case ClockKind.FIRST_RESPONSE:
            return _("A first answer is promised from the moment the customer's first message reaches us.")
        case ClockKind.NEXT_RESPONSE:
            return _("An answer is promised from the moment the oldest unanswered message reaches us.")
        case ClockKind.UPDATE:
            return _("While the matter is open, an update is promised from our last answer on.")
        case _resolution:
            return _("A resolution is promised from the message that opened the matter.")


def who_started(it: Explanation) -> str:
    """The message that started it and how it came; some promises start with an act instead."""
    start = it.start
    if start is None:
        return _("The ticket was reopened by hand.")
    if start.kind != MessageKind.INBOUND:
        return said(start)
    who = start.sender or _("an unknown sender")
    if start.channel == Channel.EMAIL:
        return _("Our server received the mail from %(who)s.") % {"who": who}
    return _("%(channel)s from %(who)s.") % {"channel": Channel(start.channel).label, "who": who}


def said(evidence: Evidence) -> str:
    """What a colleague said to the customer, and how."""
    by = evidence.author or _("the desk")
    if evidence.kind == MessageKind.CONTACT:
        whom = {"channel": Channel(evidence.channel).label, "name": by, "reached": evidence.reached}
        return _("%(channel)s: %(name)s reached %(reached)s.") % whom
    return _("%(name)s answered by mail.") % {"name": by}


def recorded(evidence: Evidence, zones: Zones) -> Iterator[str]:
    """How the message came, and whether it was written down only later."""
    if evidence.mailbox:
        way = {"via": evidence.via.upper(), "mailbox": evidence.mailbox}
        yield _("It came by %(via)s into %(mailbox)s.") % way
    if evidence.message_id:
        yield f"Message-ID: {evidence.message_id}"
    delay = evidence.recorded_at - evidence.at
    if delay >= NOTABLE:
        told = {"time": zones.inline(evidence.recorded_at), "later": length(delay), "name": evidence.author}
        yield _delay(evidence) % told


def _delay(evidence: Evidence) -> str:
    if evidence.is_backdated:
        return _("Backdated: %(name)s wrote it down %(later)s afterwards, at %(time)s.")
    if evidence.author:
        return _("%(name)s wrote it down %(later)s afterwards, at %(time)s.")
    return _("The desk recorded it %(later)s later, at %(time)s. What counts is when it reached our server.")


def delivery(evidence: Evidence, zones: Zones) -> Iterator[str]:
    """What became of the mail, and what the server said of it."""
    mail = evidence.mail
    if mail is not None:
        state = OutboxState(mail.state).label
        yield _("The mail to %(recipients)s: %(state)s.") % {
            "recipients": ", ".join(mail.recipients),
            "state": state,
        }
    if mail is not None and mail.accepted_at is not None:
        yield _("The server took it at %(time)s.") % {"time": zones.inline(mail.accepted_at)}
    if mail is not None and mail.answer:
        yield _("The server's answer: %(answer)s") % {"answer": mail.answer}
    if evidence.failed_at is not None:
        yield _("It did not arrive: %(failure)s") % {"failure": evidence.failure}
    if evidence.voided_at is not None:
        yield _("%(name)s decided that it answered nothing: %(reason)s") % {
            "name": evidence.voided_by,
            "reason": evidence.void_reason,
        }
