"""What the board shows to everybody alike, read once in some seconds by each process.

Two hundred open boards would ask for it ten times a second. /healthz and *Operations* read it anew.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.utils import timezone, translation

from escalation.people.staff_snapshot import People
from supportdesk.monitoring.health import HealthReport, health
from supportdesk.pages.board.queries import RotaDuty, duties

FRESH = timedelta(seconds=30)  # a board reloads every 20 s
FRESH_TROUBLE = timedelta(seconds=10)  # gone with the next reload once it is mended


@dataclass(frozen=True)
class SharedPart:
    """Health in the words and times of a language and zone, who is on duty, and the staff, as of ``at`` (UTC)."""

    at: datetime
    health: HealthReport
    duties: list[RotaDuty]

    def is_fresh(self, now: datetime) -> bool:
        is_well = self.health.ok and not self.health.warnings
        return timedelta(0) <= now - self.at < (FRESH if is_well else FRESH_TROUBLE)

    @cached_property
    def people(self) -> People:
        return People.at(self.at)


_kept: dict[tuple[str, str], SharedPart] = {}


def shared_part(*, now: datetime) -> SharedPart:
    """The part in the reader's language and zone, FRESH or anew. No query, or those of `health` and `duties`."""
    reader = (translation.get_language() or "", timezone.get_current_timezone_name())
    kept = _kept.get(reader)
    if kept is None or not kept.is_fresh(now):
        kept = _kept[reader] = SharedPart(now, health(now=now), duties(now=now))
    return kept


def forget_shared_part() -> None:
    _kept.clear()
