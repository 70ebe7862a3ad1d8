"""Sentences for the lines of a promise's ledger, with notes under them."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

from customers.phrases import listed, noted
from customers.times import duration_text
from escalation.choices import AcknowledgedBy, ClockChange, NoticeKind
from escalation.explaining.facts import FiredStep, LedgerEntry
from escalation.explaining.sentences import NOTABLE_DELAY, answer_sentence, delivery_notes, record_notes
from escalation.explaining.times import Zones
from escalation.lib.desk_reasons import in_readers_words
from tickets.choices import Priority

BEGINNINGS = (ClockChange.STARTED, ClockChange.BEGUN_EARLIER)
ANSWERS = (ClockChange.MET, ClockChange.ANSWERED_LATE, ClockChange.REVOKED)


def line_sentence(entry: LedgerEntry) -> str:
    """The event in one sentence; time, actor and cause are shown beside it."""
    match entry.change:
        case ClockChange.STARTED:
            return _("The SLA started: %(priority)s.") % {"priority": Priority(entry.priority_after).label}
        case ClockChange.MET:
            return _("Met.")
        case ClockChange.BREACHED:
            return _("The response time ended without the promised response.")
        case ClockChange.ANSWERED_LATE:
            return _("Done after the due time.")
        case ClockChange.REVOKED:
            return _("The reply was revoked: the SLA runs again from its original start.")
        case ClockChange.RETARGETED:
            return _retarget_sentence(entry)
        case ClockChange.HANDED_OVER:
            return _("%(name)s owns the ticket from now on.") % {"name": entry.holder}
        case _other:
            return _rarer_sentence(entry)


def _rarer_sentence(entry: LedgerEntry) -> str:
    match entry.change:
        case ClockChange.PAUSED:
            return _("The SLA is paused: waiting on the customer.")
        case ClockChange.RESUMED:
            return _resumption_sentence(entry)
        case ClockChange.STEP if entry.step is not None:
            return _step_sentence(entry.step)
        case ClockChange.MERGED if entry.merged_into:
            return _("%(source)s was merged into %(target)s, which the SLA now belongs to.") % {
                "source": entry.merged_from,
                "target": entry.merged_into,
            }
        case ClockChange.ACKNOWLEDGED if entry.taken_by:
            how = AcknowledgedBy(entry.taken_by).label
            return _("%(name)s acknowledged it %(how)s.") % {"name": entry.actor, "how": how}
        case ClockChange.CANCELLED:
            return _("The SLA ended without being met.")
        case ClockChange.BEGUN_EARLIER:
            return _("A message that was received earlier was read now: the SLA begins with it.")
        case ClockChange.WAIVED:
            return _("Waived: not counted against anybody. Its outcome stays visible.")
        case ClockChange.WAIVER_PROPOSED:
            return _("A waiver was proposed. It counts when a second person has confirmed it.")
        case change:
            return str(ClockChange(change).label)


def _resumption_sentence(entry: LedgerEntry) -> str:
    if entry.paused is not None and entry.paused < timedelta(0):
        return _("The reply with which the pause had begun does not count, and neither does the pause.")
    return _("The SLA resumes. The due time moved by the %(time)s of working time it was paused.") % {
        "time": duration_text(entry.paused) if entry.paused is not None else "?"
    }


def _retarget_sentence(entry: LedgerEntry) -> str:
    if entry.is_corrected:
        after = Priority(entry.priority_after).label
        return _("Not the proposed priority: the response time of %(after)s counts from the start.") % {
            "after": after
        }
    if entry.is_relaxed:
        return _("A lead relaxed the SLA to the response time of its lower priority.")
    if entry.is_kept:
        return _(
            "The SLA was moved to other terms; the stricter due time from before the "
            "priority was lowered stays."
        )
    if entry.is_under_other_terms:
        return _("The SLA was moved to other terms.")
    before = entry.priority_after if entry.priority_before is None else entry.priority_before
    names = {"before": Priority(before).label, "after": Priority(entry.priority_after).label}
    if entry.priority_after < before:
        return _raise_sentence(entry) % names
    return _("The priority was lowered from %(before)s to %(after)s; the stricter due time stays.") % names


def _raise_sentence(entry: LedgerEntry) -> str:
    if entry.due_before == entry.due_after:
        return _(
            "The priority was raised from %(before)s to %(after)s; the due time was already the earlier one."
        )
    return _("The priority was raised from %(before)s to %(after)s; its response time counts from here.")


def _step_sentence(step: FiredStep) -> str:
    names = {"percent": step.percent, "when": step.when, "before": step.from_owner, "after": step.to_owner}
    is_moved = step.to_owner not in ("", step.from_owner)
    return (_move_sentence(step) if is_moved else _notice_sentence(step)) % names


def _move_sentence(step: FiredStep) -> str:
    if step.percent == 0:
        return _("Paged at once: the ticket went from %(before)s to %(after)s.")
    if step.percent is not None:
        return _(
            "%(percent)s%% of the response time had passed: the ticket went from %(before)s to %(after)s."
        )
    if step.when:
        return _("The step “%(when)s”: the ticket went from %(before)s to %(after)s.")
    return _("Escalated manually: the ticket went from %(before)s to %(after)s.")


def _notice_sentence(step: FiredStep) -> str:
    if step.percent == 0:
        return _("Paged at once.")
    if step.percent is not None:
        return _("%(percent)s%% of the response time had passed.")
    return _("The step “%(when)s” was executed.")


def line_notes(entry: LedgerEntry, zones: Zones) -> Iterator[str]:
    """The notes under the sentence."""
    yield from actor_notes(entry)
    if entry.due_before is not None and entry.due_before != entry.due_after:
        times = {"before": zones.inline(entry.due_before), "after": zones.inline(entry.due_after)}
        yield _("Previously due: %(before)s. Now due: %(after)s.") % times
    if entry.is_late_lowering:
        yield _("Lowered in the last fifth of the response time.")
    if entry.quiet_until is not None:
        yield _("Nobody else was paged until %(time)s.") % {"time": zones.inline(entry.quiet_until)}
    yield from _delay_notes(entry, zones)
    if entry.step is not None and entry.step.told:
        yield _("Notified: %(people)s.") % {"people": _told(entry.step)}
    if entry.evidence is not None and entry.change not in BEGINNINGS:
        yield from _evidence_notes(entry, zones)


def actor_notes(entry: LedgerEntry) -> Iterator[str]:
    """The actor and the reason, unless the evidence contains them."""
    if entry.evidence is not None and entry.change in ANSWERS:
        return  # the evidence contains its author, who voided it, or why it did not arrive
    if entry.taken_by:
        return
    why = in_readers_words(entry.cause, by_person=bool(entry.actor))
    if entry.actor and why:
        yield _("%(name)s: %(reason)s") % {"name": entry.actor, "reason": why}
    elif entry.actor or why:
        yield entry.actor or why


def _delay_notes(entry: LedgerEntry, zones: Zones) -> Iterator[str]:
    """When it was recorded, if that was later than it happened."""
    if entry.change == ClockChange.BREACHED and entry.recorded_at < entry.at:
        yield _("Recorded before the due time: the ticket was closed with the SLA still running.")
    elif entry.recorded_at - entry.at >= NOTABLE_DELAY and not _evidence_says_when(entry):
        time = {"time": zones.inline(entry.recorded_at), "later": duration_text(entry.recorded_at - entry.at)}
        yield _("Recorded %(later)s later, at %(time)s.") % time


def _evidence_says_when(entry: LedgerEntry) -> bool:
    """True if the notes on the message already say that it was recorded later."""
    return entry.change == ClockChange.STARTED or (entry.evidence is not None and entry.evidence.is_backdated)


def _evidence_notes(entry: LedgerEntry, zones: Zones) -> Iterator[str]:
    if entry.evidence is None:
        return
    sentence = answer_sentence(entry.evidence)
    is_now = entry.evidence.at == entry.at
    yield (
        sentence
        if is_now
        else _("%(time)s: %(what)s") % {"time": zones.inline(entry.evidence.at), "what": sentence}
    )
    if entry.evidence.is_backdated:
        yield from record_notes(entry.evidence, zones)
    if entry.change == ClockChange.REVOKED:
        yield from delivery_notes(entry.evidence, zones)


def _told(step: FiredStep) -> str:
    return listed(noted(recipient.person, NoticeKind(recipient.notice).label) for recipient in step.told)


def line_mark(entry: LedgerEntry) -> str:
    """The colour of a line: good, bad or warn."""
    match entry.change:
        case ClockChange.MET:
            return "good"
        case ClockChange.BREACHED | ClockChange.ANSWERED_LATE:
            return "bad"
        case ClockChange.REVOKED:
            return "warn"
        case _other:
            return "warn" if entry.is_late_lowering else ""
