"""Sentences about a promise and its evidence, for readers who do not know how the desk works internally."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from django.utils.translation import gettext as _

from customers.phrases import listed
from customers.times import duration_text
from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.explaining.facts import Evidence, Explanation, OtherDay, PromisedHours
from escalation.explaining.times import Zones
from escalation.working_time.validation import WEEKDAYS
from tickets.choices import Channel, MessageKind, OutboxState
from tickets.repeated_words import CUT

NOTABLE_DELAY = timedelta(minutes=1)  # a shorter delay between an event and its record is not mentioned


def outcome_sentence(explanation: Explanation) -> str:
    """The state or outcome of the promise, in one sentence."""
    left = {"time": duration_text(explanation.count.left)}
    match explanation.state:
        case ClockState.MET:
            return _("Met, with %(time)s of the response time left.") % left
        case ClockState.RUNNING:
            return _("Running, with %(time)s of the response time left.") % left
        case ClockState.PAUSED:
            return _("Paused while waiting on the customer, with %(time)s of the response time left.") % left
        case ClockState.BREACHED:
            return _breach_sentence(explanation)
        case _cancelled:
            return _("Cancelled: no longer required.")


def _breach_sentence(explanation: Explanation) -> str:
    if explanation.end is not None and explanation.end.change == ClockChange.CANCELLED:
        return _("Breached: it ended without being met.")
    if explanation.late_by is None or explanation.late_working is None:
        return _("Breached.")
    late = {"time": duration_text(explanation.late_by), "working": duration_text(explanation.late_working)}
    if explanation.end is None:
        return (
            _("Breached: %(time)s overdue (%(working)s of working time) and still without a response.") % late
        )
    return _("Breached: done %(time)s after it was due (%(working)s of working time).") % late


def why_started_sentence(explanation: Explanation) -> str:
    """The sentence on when a promise of this kind starts."""
    if explanation.is_reopened:
        return _(
            "The ticket had ended without a reply to this question: the response time starts when it is reopened."
        )
    match explanation.kind:
        case ClockKind.FIRST_RESPONSE:
            return _("The first response time starts when the customer's first message reaches us.")
        case ClockKind.NEXT_RESPONSE:
            return _("The response time starts when the oldest unanswered message reaches us.")
        case ClockKind.UPDATE:
            return _("While the incident is open, the time for the next update starts with our last reply.")
        case _resolution:
            return _("The resolution time starts with the message that opened the ticket.")


def who_started_sentence(explanation: Explanation) -> str:
    """The message that started it and how it came, or the act if there was no message."""
    start = explanation.start
    if start is None or explanation.is_reopened:
        return _("The ticket was reopened manually.")
    return received_sentence(start)


def received_sentence(start: Evidence) -> str:
    """Who sent or gave the message that a promise began with, and how it came."""
    if start.kind != MessageKind.INBOUND:
        return answer_sentence(start)
    who = start.sender or _("an unknown sender")
    if start.channel == Channel.EMAIL:
        return _("Our server received the email from %(who)s.") % {"who": who}
    return _("%(channel)s from %(who)s.") % {"channel": Channel(start.channel).label, "who": who}


def answer_sentence(evidence: Evidence) -> str:
    """What a colleague said to the customer, and how."""
    by = evidence.author or _("the desk")
    if evidence.kind == MessageKind.CONTACT:
        whom = {"channel": Channel(evidence.channel).label, "name": by, "reached": evidence.reached or CUT}
        return _("%(channel)s: %(name)s reached %(reached)s.") % whom
    return _("%(name)s replied by email.") % {"name": by}


def record_notes(evidence: Evidence, zones: Zones) -> Iterator[str]:
    """Who erased its words, how the message came, and how much later it was recorded."""
    if evidence.erased_at is not None:
        erased = {
            "name": evidence.erased_by,
            "time": zones.inline(evidence.erased_at),
            "reason": evidence.erase_reason,
        }
        if evidence.erased_by:
            yield _("Words erased by %(name)s on %(time)s: %(reason)s") % erased
        else:
            yield _("Words erased on %(time)s: they had been kept for long enough.") % erased
    if evidence.mailbox:
        way = {"via": evidence.via.upper(), "mailbox": evidence.mailbox}
        yield _("Received by %(via)s in %(mailbox)s.") % way
    if evidence.message_id:
        yield f"Message-ID: {evidence.message_id}"
    delay = evidence.recorded_at - evidence.at
    if delay >= NOTABLE_DELAY:
        values = {
            "time": zones.inline(evidence.recorded_at),
            "later": duration_text(delay),
            "name": evidence.author,
        }
        yield _delay_sentence(evidence) % values


def _delay_sentence(evidence: Evidence) -> str:
    if evidence.is_backdated:
        return _("Backdated: logged by %(name)s %(later)s later, at %(time)s.")
    if evidence.author:
        return _("Logged by %(name)s %(later)s later, at %(time)s.")
    return _("The desk recorded it %(later)s later, at %(time)s. What counts is when it reached our server.")


def delivery_notes(evidence: Evidence, zones: Zones) -> Iterator[str]:
    """The outcome of the mail, and the receiving server's response."""
    mail = evidence.mail
    if mail is not None:
        state = OutboxState(mail.state).label
        yield _("The email to %(recipients)s: %(state)s.") % {
            "recipients": listed(mail.recipients),
            "state": state,
        }
    if mail is not None and mail.accepted_at is not None:
        yield _("The server accepted it at %(time)s.") % {"time": zones.inline(mail.accepted_at)}
    if mail is not None and mail.answer:
        yield _("The server's response: %(answer)s") % {"answer": mail.answer}
    if evidence.failed_at is not None:
        yield _("Not delivered: %(failure)s") % {"failure": evidence.failure}
    if evidence.voided_at is not None:
        yield _("%(name)s voided it as not an effective response: %(reason)s") % {
            "name": evidence.voided_by,
            "reason": evidence.void_reason,
        }


def week_in_words(hours: PromisedHours) -> Iterator[str]:
    """``Monday to Friday 09:00-18:00``; days with the same hours are grouped."""
    if hours.always_open:
        yield _("24/7")
        return
    numbered = enumerate(hours.weekly)
    for spans, days in groupby(numbered, key=lambda day: day[1]):
        numbers = [number for number, _spans in days]
        if spans:
            yield f"{_named(numbers[0], numbers[-1])} {', '.join(spans)}"


def _named(first: int, last: int) -> str:
    if first == last:
        return str(WEEKDAYS[first])
    return _("%(first)s to %(last)s") % {"first": WEEKDAYS[first], "last": WEEKDAYS[last]}


def day_in_words(day: OtherDay) -> str:
    hours = listed(day.intervals) or _("closed")
    return f"{day.day} {hours}"
