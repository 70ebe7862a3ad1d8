"""Mails a new pack to its subscribers: one mail each, queued in the transaction that freezes the pack."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from escalation.choices import ClockState
from escalation.exports.scorecard import Tally
from escalation.models import ExportFile, ExportSubscriber, WeeklyExport
from tickets.choices import MailPurpose
from tickets.errors import DeskError
from tickets.services.outgoing.outbox import StoredFile, queue_mail

logger = logging.getLogger(__name__)
ATTACH_UP_TO = 10_000_000  # bytes of all files together; a larger pack is only linked
CONTENT_TYPES = {"csv": "text/csv", "json": "application/json"}


def mail_pack(export: WeeklyExport, *, files: Sequence[ExportFile], desk: Tally, at: datetime) -> None:
    """Call it once per export, in its transaction. `desk` is the scorecard's line of the whole desk.

    A subscriber who cannot be written to, such as the desk itself, is logged and holds up nobody else.
    """
    for subscriber in ExportSubscriber.objects.filter(is_active=True).order_by("pk"):
        try:
            with translation.override(subscriber.language):
                queue_mail(
                    purpose=MailPurpose.EXPORT,
                    recipients=[subscriber.email],
                    subject=_subject(export),
                    text=_text(export, desk),
                    files=_attachments(export, files),
                    at=at,
                )
        except DeskError as error:
            logger.warning("Week %s is not mailed to %s: %s", export.week, subscriber.email, error)


def _subject(export: WeeklyExport) -> str:
    if export.revision == 1:
        return _("Support desk: week %(week)s") % {"week": export.week}
    return _("Support desk: week %(week)s, correction %(revision)s") % {
        "week": export.week,
        "revision": export.revision - 1,
    }


def _text(export: WeeklyExport, desk: Tally) -> str:
    paragraphs = [_summary(export, desk)]
    if export.reason:
        paragraphs.append(
            _("This pack corrects an earlier one, which stays as it was. Reason: %(reason)s")
            % {"reason": export.reason}
        )
    path = reverse("admin:escalation_weeklyexport_change", args=[export.pk])
    paragraphs.append(_("All files: %(link)s") % {"link": f"{settings.SITE_URL}{path}"})
    return "\n\n".join(paragraphs) + "\n"


def _summary(export: WeeklyExport, desk: Tally) -> str:
    met, near = desk.outcomes[ClockState.MET], desk.near_misses
    kept = ngettext(
        "In week %(week)s the desk kept %(met)s promise and broke %(breached)s.",
        "In week %(week)s the desk kept %(met)s promises and broke %(breached)s.",
        met,
    )
    late = ngettext(
        "%(near_misses)s was kept only in the last tenth of its time.",
        "%(near_misses)s were kept only in the last tenth of their time.",
        near,
    )
    words = {"week": export.week, "met": met, "breached": desk.outcomes[ClockState.BREACHED]}
    return _("%(first)s %(second)s") % {"first": kept % words, "second": late % {"near_misses": near}}


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
