"""Puts the counters of heartbeats into sentences for operators."""

import re
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from customers.phrases import listed
from escalation.enforcement.dead_mans_switch import FAILED, PINGED
from escalation.enforcement.sweep_loop import JUMPED
from escalation.notifications.channels.outcomes import translate_answer
from escalation.proof.whole_proof import proof_in_words
from escalation.tasks import LEDGER, START, SWEEP
from supportdesk.backup.scheduled import BACKUP, BACKUP_FAILED
from supportdesk.monitoring.host_clocks import jump_in_words
from supportdesk.monitoring.schedule_wording import title_of
from supportdesk.schedule_inspection import REPAIRS
from supportdesk.storage_trial import FILES, FILES_FAILED

TITLES = {
    SWEEP: gettext_lazy("Sweep"),
    LEDGER: gettext_lazy("Ledger check"),
    PINGED: gettext_lazy("External heartbeat"),
    FAILED: gettext_lazy("External heartbeat (failed)"),
    REPAIRS: gettext_lazy("Schedules repaired"),
    START: gettext_lazy("Desk started"),
    JUMPED: gettext_lazy("Time jumped"),
    BACKUP: gettext_lazy("Data backup"),
    BACKUP_FAILED: gettext_lazy("Data backup (failed)"),
    FILES: gettext_lazy("File storage"),
    FILES_FAILED: gettext_lazy("File storage (failed)"),
}
UNSHOWN = {"sweep-rounds"}  # of a release whose sweeps gave way to each other; nothing to show
PROOF = re.compile(r"(?P<wrong>\d+) of (?P<among>\d+)(: (?P<first>.*))?", re.DOTALL)
BACKED_UP = re.compile(r"rows=(?P<rows>\d+) files=(?P<files>\d+) missing=(?P<missing>\d+)")
REPAIRED = re.compile(r"(created|repaired|removed) (.+)")


def heartbeat_in_words(name: str, detail: str) -> str:
    """The detail of a heartbeat in words; a detail that is not understood stays as it is."""
    match name:
        case _sweep if name == SWEEP:
            return _swept(detail)
        case _ledger if name == LEDGER:
            return _proved(detail)
        case _repairs if name == REPAIRS:
            return _repaired(detail)
        case _jumped if name == JUMPED:
            return jump_in_words(detail)

        case _backup if name == BACKUP:
            return _backed_up(detail)
        case _failed if name == FAILED:
            return translate_answer(detail)
        case _other:
            return detail


def _swept(detail: str) -> str:
    counts = {word: int(number) for word, number in re.findall(r"(?<!\w)(\w+)=(\d{1,18})", detail)}
    if not counts:
        return detail
    return listed(_parts(counts)) or _("nothing was due")


def _parts(counts: dict[str, int]) -> Iterator[str]:
    for name, number in counts.items():
        if number and (text := _counted(name, number)):
            yield text % {"count": number}


def _counted(name: str, number: int) -> str:
    match name:
        case "acted":
            return ngettext("%(count)s SLA acted on", "%(count)s SLAs acted on", number)
        case "settled":
            return ngettext("%(count)s was already settled", "%(count)s were already settled", number)
        case "busy":
            return ngettext(
                "%(count)s was in use and will be retried",
                "%(count)s were in use and will be retried",
                number,
            )
        case "failed":
            return ngettext("%(count)s failed", "%(count)s failed", number)
        case "left":
            return ngettext("%(count)s left for the next sweep", "%(count)s left for the next sweep", number)
        case _unknown:
            return ""


def _proved(detail: str) -> str:
    match = PROOF.fullmatch(detail)
    if match is None:
        return detail
    words = proof_in_words(wrong=int(match["wrong"]), among=int(match["among"]))
    return f"{words} {match['first']}" if match["first"] else words


def _backed_up(detail: str) -> str:
    match = BACKED_UP.fullmatch(detail)
    if match is None:
        return detail
    words = _("%(rows)s rows and %(files)s files, proven") % match.groupdict()
    missing = int(match["missing"])
    if not missing:
        return words
    text = ngettext("%(count)s file was missing", "%(count)s files were missing", missing)
    return listed([words, text % {"count": missing}])


def _repaired(detail: str) -> str:
    parts = [REPAIRED.fullmatch(part) for part in detail.split("; ")]
    return "; ".join(_repair(*part.groups()) for part in parts if part is not None) or detail


def _repair(verb: str, names: str) -> str:
    shown = {"names": listed(title_of(name) for name in names.split(", "))}
    match verb:
        case "created":
            return _("added: %(names)s") % shown
        case "repaired":
            return _("corrected: %(names)s") % shown
        case _removed:
            return _("removed: %(names)s") % shown
