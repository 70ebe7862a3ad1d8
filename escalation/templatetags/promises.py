"""Formats times, promises and people for the desk's pages."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import uuid4

from django import template
from django.contrib.auth.models import User
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from customers.names import CHINESE, name_of
from customers.phrases import listed, noted
from customers.times import dated, duration_text, near, rough_duration, zone_name
from customers.times import moment as moment_of
from escalation.clocks.urgency import Urgency, urgency_of
from escalation.lib.desk_notes import note_in_readers_words
from escalation.models import Clock
from tickets.authentication_text import authentication_in_words
from tickets.erased_text import erased_in_words
from tickets.mail_kind_text import kept_mail_in_words
from tickets.mail_note_text import notes_for_readers
from tickets.mailbox_problem_text import problem_in_words
from tickets.models import Message
from tickets.sign_text import sign_in_words

register = template.Library()
HUES = 8  # classes hue-0 to hue-7 of the style sheet
ICONS = {Urgency.CALM: "schedule", Urgency.WARM: "schedule", Urgency.HOT: "alarm", Urgency.LATE: "error"}


@register.simple_tag
def when(moment: datetime | None, now: datetime) -> SafeString | str:
    """A moment in the reader's zone: short in the text, complete with its zone in the title."""
    if moment is None:
        return "—"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        moment_of(moment),
        near(moment, now),
    )


@register.filter
def moment_in_full(at: datetime) -> str:
    """A moment in the reader's zone with the zone beside it."""
    return moment_of(at)


@register.simple_tag
def when_in(moment: datetime, zone: str) -> str:
    """A moment in another zone, in digits."""
    return dated(moment, zone)


@register.simple_tag
def zone_of(zone: str, now: datetime) -> str:
    """``UTC+8, Shanghai``"""
    return zone_name(zone, now)


@register.simple_tag
def countdown(clock: Clock, now: datetime) -> SafeString:
    """Time left or overdue; desk.js updates it from the absolute times."""
    state = urgency_of(clock, now)
    return format_html(
        '<span class="cd" data-heat="{}" data-from="{}" data-due="{}" title="{}">'
        '<span class="ms" aria-hidden="true">{}</span><b>{}</b>'
        '<i class="cd-bar" aria-hidden="true"><i></i></i></span>',
        state.value,
        _epoch(clock.window_starts_at),
        _epoch(clock.due_at),
        state.label,
        ICONS[state],
        lasting(clock.due_at - now),
    )


def lasting(left: timedelta) -> str:
    """``1:05:09``, ``2 d 4 h``, and ``overdue 0:05:09`` after the due time; the same format as in desk.js."""
    time = abs(left)
    text = rough_duration(time) if time >= timedelta(days=2) else _ticking(int(time.total_seconds()))
    return f"{pgettext('countdown', 'overdue')} {text}" if left < timedelta(0) else text


def _ticking(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


@register.filter
def minutes(number: int) -> str:
    """The length of a window in words: ``30 min``, ``4 h``, ``1 h 30 min``."""
    return duration_text(timedelta(minutes=number))


@register.filter
def shift(by: timedelta) -> str:
    """How much later or earlier: ``+30 min``, ``−1 h 30 min``; less than a minute counts as no difference."""
    whole_minutes = int(abs(by.total_seconds())) // 60
    if not whole_minutes:
        return _("the same")
    return f"{'−' if by < timedelta(0) else '+'}{minutes(whole_minutes)}"


@register.filter
def listing(parts: Iterable[object]) -> str:
    """A list with the separators of the active language."""
    return listed(parts)


@register.filter
def signs_in_words(signs: Iterable[str]) -> str:
    """The signs of an automatic mail, in the reader's language."""
    return listed(map(sign_in_words, signs))


@register.filter
def kept_mail(kind: str) -> str:
    """What a mail is that is kept without effect."""
    return kept_mail_in_words(kind)


@register.filter
def mailbox_problem(problem: str) -> str:
    """What is wrong with a mailbox, as one line."""
    return problem_in_words(problem)


@register.filter
def mail_notes_in_words(notes: Iterable[str]) -> list[str]:
    """What of a mail could not be read, as sentences in the reader's language."""
    return notes_for_readers(notes)


@register.filter
def authentication_words(summary: str) -> str:
    """What our mail server found out about the sender, as one line."""
    return authentication_in_words(summary)


@register.simple_tag
def colon() -> str:
    """The separator between a label and its value."""
    return pgettext("after a label", ": ")


@register.filter
def noting(text: object, note: object) -> str:
    """A text followed by a note in brackets."""
    return noted(text, note)


@register.filter
def desk_note(body: str) -> str:
    """A note written by the desk, in the reader's language and zone."""
    return note_in_readers_words(body)


@register.filter
def erasure(message: Message) -> str:
    """Who erased the words of the message, when and why."""
    return erased_in_words(message)


@register.filter
def first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


@register.filter
def epoch(moment: datetime) -> int:
    return _epoch(moment)


def _epoch(moment: datetime) -> int:
    """Milliseconds since 1970, as JavaScript counts them."""
    return int(moment.timestamp() * 1000)


@register.simple_tag
def new_token() -> str:
    """A token for each of several forms of one kind on a page; a form acts once per token."""
    return str(uuid4())


@register.filter
def person(user: User | None) -> str:
    return name_of(user) if user is not None else ""


@register.simple_tag
def avatar(user: User | None) -> SafeString | str:
    """A disc with initials, in the same colour for the same person everywhere."""
    if user is None:
        return ""
    name = person(user)
    letters = (
        user.first_name[-1:]
        if re.search(CHINESE, user.last_name)
        else "".join(word[0] for word in name.split()[:2])
    )
    return format_html(
        '<span class="av hue-{}" title="{}" aria-hidden="true">{}</span>',
        user.pk % HUES,
        name,
        letters.upper(),
    )
