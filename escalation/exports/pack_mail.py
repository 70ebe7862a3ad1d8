"""Mails a new pack to its subscribers: one mail each, queued in the transaction that freezes the pack."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.phrases import listed, noted, sentences
from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.exports.changed_judgements import ChangedJudgement
from escalation.exports.promises import JudgedPromise
from escalation.exports.scorecard import Tally
from escalation.lib.desk_reasons import in_readers_words
from escalation.lib.weeks import parse_week
from escalation.models import ExportFile, ExportSubscriber, WeeklyExport
from tickets.choices import MailPurpose
from tickets.errors import DeskError
from tickets.models.ticket import ticket_number
from tickets.services.outgoing.outbox import StoredFile, queue_mail

logger = logging.getLogger(__name__)
ATTACH_UP_TO = 10_000_000  # bytes of all files together; to a larger pack the mail only links
MOST_CHANGES = 20  # named in the mail; changes.csv has all
CONTENT_TYPES = {"csv": "text/csv", "json": "application/json"}


def mail_pack(
    export: WeeklyExport,
    *,
    files: Sequence[ExportFile],
    desk: Tally,
    changes: Sequence[ChangedJudgement],
    seal: Mapping[str, Any] | None,
    at: datetime,
) -> None:
    """Mail the pack. Call this once per export, in its transaction. `desk` is the scorecard's line of the desk.

    A subscriber who cannot be written to, such as the desk itself, is logged and does not hold up the others.
    """
    for subscriber in ExportSubscriber.objects.filter(is_active=True).order_by("pk"):
        try:
            with translation.override(subscriber.language):
                queue_mail(
                    purpose=MailPurpose.EXPORT,
                    recipients=[subscriber.email],
                    subject=_subject(export, desk),
                    text=_text(export, desk, changes, seal),
                    files=_attachments(export, files),
                    at=at,
                )
        except DeskError as error:
            logger.warning("Week %s is not mailed to %s: %s", export.week, subscriber.email, error)


def _subject(export: WeeklyExport, desk: Tally) -> str:
    words = {"week": week_title(export), "percent": _percent(desk), "revision": export.revision - 1}
    if export.revision > 1:
        return _("Service report, %(week)s: SLA met %(percent)s (correction %(revision)s)") % words
    return _("Service report, %(week)s: SLA met %(percent)s") % words


def week_title(export: WeeklyExport) -> str:
    """The week with its dates, as people look for it in a calendar."""
    week = parse_week(export.week)
    words = {"number": week.number, "first": week.monday, "last": week.monday + timedelta(days=6)}
    return _("week %(number)s (%(first)s to %(last)s)") % words


def _percent(desk: Tally) -> str:
    """The raw share; beside it the adjusted one, if anything was waived."""
    raw = _in_percent(desk.met_percent)
    return noted(raw, _adjusted(desk)) if desk.breached_waived else raw


def _adjusted(desk: Tally) -> str:
    return _("adjusted %(percent)s") % {"percent": _in_percent(desk.adjusted_percent)}


def _in_percent(share: float | None) -> str:
    return "-" if share is None else f"{share}%"


def _text(
    export: WeeklyExport, desk: Tally, changes: Sequence[ChangedJudgement], seal: Mapping[str, Any] | None
) -> str:
    paragraphs = [_summary(export, desk)]
    if export.is_late:
        paragraphs.append(
            _(
                "This pack was made late. It holds what was recorded before its week ended, as if made in time."
            )
        )
    if export.reason:
        reason = in_readers_words(export.reason, by_person=export.created_by is not None)
        paragraphs.append(
            _("This pack corrects an earlier one, which stays as it was. Reason: %(reason)s")
            % {"reason": reason}
        )
    if changes:
        paragraphs.append("\n".join(_changes(changes)))
    path = reverse("admin:escalation_weeklyexport_change", args=[export.pk])
    summary = reverse("admin:escalation_weeklyexport_summary", args=[export.pk])
    paragraphs.append(_("Summary on two pages: %(link)s") % {"link": f"{settings.SITE_URL}{summary}"})
    paragraphs.append(_("All files: %(link)s") % {"link": f"{settings.SITE_URL}{path}"})
    if seal is not None:
        paragraphs.append(
            _(
                "Seal %(number)s of the ledger: %(hash)s. Keep this email: it shows if the record is rewritten later."
            )
            % {"number": seal["number"], "hash": seal["hash"]}
        )
    return "\n\n".join(paragraphs) + "\n"


def _changes(changes: Sequence[ChangedJudgement]) -> Iterator[str]:
    """The first changes in words, one a line."""
    yield _("What changed:")
    for change in changes[:MOST_CHANGES]:
        words = {
            "number": ticket_number(change.clock.ticket_id),
            "kind": ClockKind(change.clock.kind).label,
            "before": _outcome(change.before),
            "after": _outcome(change.after),
            "why": why(change),
        }
        yield _("- %(number)s, %(kind)s: %(before)s → %(after)s. %(why)s") % words
    if len(changes) > MOST_CHANGES:
        yield _("All %(count)s changes are in changes.csv.") % {"count": len(changes)}


def _outcome(promise: JudgedPromise | None) -> str:
    if promise is None:
        return _("not listed")
    outcome = str(promise.verdict.state.label)
    if promise.clock.waived_at is not None:
        return _("%(outcome)s, waived") % {"outcome": outcome}
    return outcome


def why(change: ChangedJudgement) -> str:
    """What was written into the ledger in between, in the reader's words."""
    parts = []
    for recorded in change.lines:
        line = recorded.line
        if line.change in (ClockChange.HANDED_OVER, ClockChange.STEP, ClockChange.ACKNOWLEDGED):
            continue
        cause = in_readers_words(line.cause, by_person=line.actor is not None)
        parts.append(
            f"{ClockChange(line.change).label} ({cause})" if cause else str(ClockChange(line.change).label)
        )
    return listed(dict.fromkeys(parts))


def _summary(export: WeeklyExport, desk: Tally) -> str:
    """The figures of the week; near misses are left out if there were none."""
    words = {
        "week": week_title(export),
        "percent": _in_percent(desk.met_percent),
        "met": desk.outcomes[ClockState.MET],
        "breached": desk.outcomes[ClockState.BREACHED],
        "near_misses": desk.near_misses,
        "waived": desk.breached_waived,
        "adjusted": _in_percent(desk.adjusted_percent),
    }
    kept = (
        _(
            "SLA met in %(week)s: %(percent)s, adjusted %(adjusted)s "
            "(%(met)s met, %(breached)s breached, %(waived)s of them waived)."
        )
        % words
    )
    near = ngettext(
        "Of those met, %(near_misses)s was met only in the last tenth of its time.",
        "Of those met, %(near_misses)s were met only in the last tenth of their time.",
        desk.near_misses,
    )
    files = _("All breaches and details are in promises.csv; columns.csv says what each column means.")
    return sentences([kept, near % words if desk.near_misses else "", files])


def _attachments(export: WeeklyExport, files: Sequence[ExportFile]) -> list[StoredFile]:
    if sum(file.size for file in files) > ATTACH_UP_TO:
        return []
    return [
        StoredFile(download_name(export, file.name), file.path, content_type(file.name)) for file in files
    ]


def download_name(export: WeeklyExport, name: str) -> str:
    """2026-W47-tickets.csv, or 2026-W47-r2-tickets.csv for the first correction."""
    revision = "" if export.revision == 1 else f"-r{export.revision}"
    return f"{export.week}{revision}-{name}"


def content_type(name: str) -> str:
    return CONTENT_TYPES[name.rsplit(".", 1)[-1]]
