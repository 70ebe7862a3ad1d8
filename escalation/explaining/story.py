"""The ledger of a promise as sentences, line by line."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from escalation.choices import AcknowledgedBy, ClockChange, NoticeKind
from escalation.explaining.facts import Fired, Happening
from escalation.explaining.times import Zones, length
from escalation.explaining.words import NOTABLE, delivery, recorded, said
from escalation.lib.desk_reasons import in_readers_words
from tickets.choices import Priority

ANSWERS = (ClockChange.MET, ClockChange.ANSWERED_LATE, ClockChange.REVOKED)


def sentence(it: Happening) -> str:
    """What the line says happened; time, actor and cause stand beside it."""
    match it.change:
        case ClockChange.STARTED:
            return _("The promise began: %(priority)s.") % {"priority": Priority(it.priority_after).label}
        case ClockChange.MET:
            return _("Kept.")
        case ClockChange.BREACHED:
            return _("The window ended without what was promised.")
        case ClockChange.ANSWERED_LATE:
            return _("Done after the due time.")
        case ClockChange.REVOKED:
            return _("The answer was taken back: the promise runs again from its original start.")
        case ClockChange.RETARGETED:
            return _retargeted(it)
        case ClockChange.HANDED_OVER:
            return _("%(name)s holds the ticket from now on.") % {"name": it.holder}
        case _other:
            return _plain(it)


def _plain(it: Happening) -> str:
    match it.change:
        case ClockChange.PAUSED:
            return _("The promise stands still: the customer is to answer.")
        case ClockChange.RESUMED:
            return _(
                "The promise goes on. The due time moved by the %(time)s of working time that it stood."
            ) % {"time": length(it.paused) if it.paused is not None else "?"}
        case ClockChange.STEP if it.step is not None:
            return _step(it.step)
        case ClockChange.MERGED if it.merged_into:
            return _("%(source)s was merged into %(target)s, where the promise stands now.") % {
                "source": it.merged_from,
                "target": it.merged_into,
            }
        case ClockChange.ACKNOWLEDGED if it.taken_by:
            how = AcknowledgedBy(it.taken_by).label
            return _("%(name)s acknowledged it %(how)s.") % {"name": it.actor, "how": how}
        case ClockChange.CANCELLED:
            return _("The promise ended without being kept.")
        case ClockChange.WAIVED:
            return _("Waived: it is not held against anybody. What it came to stays visible.")
        case change:
            return str(ClockChange(change).label)


def _retargeted(it: Happening) -> str:
    if it.is_relaxed:
        return _("A lead relaxed the promise to the window of its lower priority.")
    if it.is_kept:
        return _(
            "The promise was put under other terms; the stricter due time from before it was lowered stays."
        )
    if it.is_under_other_terms:
        return _("The promise was put under other terms.")
    before = it.priority_after if it.priority_before is None else it.priority_before
    names = {"before": Priority(before).label, "after": Priority(it.priority_after).label}
    if it.priority_after < before:
        return _raised(it) % names
    return _("The priority was lowered from %(before)s to %(after)s; the stricter due time stays.") % names


def _raised(it: Happening) -> str:
    if it.due_before == it.due_after:
        return _(
            "The priority was raised from %(before)s to %(after)s; the due time was the earlier one already."
        )
    return _("The priority was raised from %(before)s to %(after)s; its window counts from here.")


def _step(step: Fired) -> str:
    names = {"percent": step.percent, "when": step.when, "before": step.from_owner, "after": step.to_owner}
    is_moved = step.to_owner not in ("", step.from_owner)
    return (_moved(step) if is_moved else _told_only(step)) % names


def _moved(step: Fired) -> str:
    if step.percent == 0:
        return _("It was paged at once: the ticket went from %(before)s to %(after)s.")
    if step.percent is not None:
        return _("%(percent)s %% of the window had passed: the ticket went from %(before)s to %(after)s.")
    if step.when:
        return _("The step “%(when)s”: the ticket went from %(before)s to %(after)s.")
    return _("Escalated by hand: the ticket went from %(before)s to %(after)s.")


def _told_only(step: Fired) -> str:
    if step.percent == 0:
        return _("It was paged at once.")
    if step.percent is not None:
        return _("%(percent)s %% of the window had passed.")
    return _("The step “%(when)s” fired.")


def notes(it: Happening, zones: Zones) -> Iterator[str]:
    """What stands under the sentence."""
    yield from by_whom(it)
    if it.due_before is not None and it.due_before != it.due_after:
        times = {"before": zones.inline(it.due_before), "after": zones.inline(it.due_after)}
        yield _("Due before: %(before)s. Due since: %(after)s.") % times
    if it.is_late_lowering:
        yield _("Lowered in the last fifth of the window.")
    if it.quiet_until is not None:
        yield _("Nobody else was paged until %(time)s.") % {"time": zones.inline(it.quiet_until)}
    yield from _noticed(it, zones)
    if it.step is not None and it.step.told:
        yield _("Told: %(people)s.") % {"people": _told(it.step)}
    if it.evidence is not None and it.change != ClockChange.STARTED:
        yield from _proof(it, zones)


def by_whom(it: Happening) -> Iterator[str]:
    """Who did it and why, unless the evidence says so itself."""
    if it.evidence is not None and it.change in ANSWERS:
        return  # the answer says itself who gave it, and who voided it or why it did not arrive
    if it.taken_by:
        return
    why = in_readers_words(it.cause, by_person=bool(it.actor))
    if it.actor and why:
        yield _("%(name)s: %(reason)s") % {"name": it.actor, "reason": why}
    elif it.actor or why:
        yield it.actor or why


def _noticed(it: Happening, zones: Zones) -> Iterator[str]:
    """Both times, where the desk wrote it down at another one than it happened."""
    if it.change == ClockChange.BREACHED and it.recorded_at < it.at:
        yield _("Recorded before the due time: the ticket was closed with the promise open.")
    elif it.recorded_at - it.at >= NOTABLE and not _says_when(it):
        time = {"time": zones.inline(it.recorded_at), "later": length(it.recorded_at - it.at)}
        yield _("Recorded %(later)s later, at %(time)s.") % time


def _says_when(it: Happening) -> bool:
    """Whether the message tells already that it was written down later."""
    return it.change == ClockChange.STARTED or (it.evidence is not None and it.evidence.is_backdated)


def _proof(it: Happening, zones: Zones) -> Iterator[str]:
    if it.evidence is None:
        return
    what = said(it.evidence)
    is_now = it.evidence.at == it.at
    yield what if is_now else _("%(time)s: %(what)s") % {"time": zones.inline(it.evidence.at), "what": what}
    if it.evidence.is_backdated:
        yield from recorded(it.evidence, zones)
    if it.change == ClockChange.REVOKED:
        yield from delivery(it.evidence, zones)


def _told(step: Fired) -> str:
    return ", ".join(f"{told.person} ({NoticeKind(told.notice).label})" for told in step.told)


def mark(it: Happening) -> str:
    """The colour of a line: good, bad or warn."""
    match it.change:
        case ClockChange.MET:
            return "good"
        case ClockChange.BREACHED | ClockChange.ANSWERED_LATE:
            return "bad"
        case ClockChange.REVOKED:
            return "warn"
        case _other:
            return "warn" if it.is_late_lowering else ""
