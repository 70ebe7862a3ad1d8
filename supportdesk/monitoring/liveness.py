"""Checks that the sweep, the queue's clusters, its schedules and the nightly ledger check work.

The evidence is read once for all checks, because the board runs them with every refresh.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.phrases import listed
from customers.time_of_record import FUTURE
from customers.times import rough_duration
from escalation.enforcement.dead_mans_switch import FAILED, PINGED
from escalation.enforcement.sweep_loop import JUMPED
from escalation.models import Heartbeat
from escalation.notifications.channels.outcomes import translate_answer
from escalation.tasks import LEDGER, START, SWEEP
from supportdesk.backup.scheduled import BACKUP, BACKUP_FAILED
from supportdesk.models import Cluster, MailListener
from supportdesk.monitoring.backup_watch import backup_warnings
from supportdesk.monitoring.check_results import Check, CheckResult
from supportdesk.monitoring.host_clocks import clocks_ahead, recent_jump, wrong_clocks
from supportdesk.monitoring.schedule_wording import title_of
from supportdesk.processes.cluster.cluster_name import key_mark
from supportdesk.schedule_inspection import InspectedRow, RowStanding, inspect_schedules


@dataclass(frozen=True)
class LivenessEvidence:
    """Heartbeats by name, each cluster and mail listener that was not stopped in order, and the schedules' state."""

    now: datetime
    beats: Mapping[str, Heartbeat]
    clusters: Sequence[Cluster]
    schedules: Sequence[InspectedRow]
    listeners: Sequence[MailListener] = ()

    @classmethod
    def at(cls, now: datetime) -> "LivenessEvidence":
        """Read the evidence. Four queries."""
        beats = {beat.name: beat for beat in Heartbeat.objects.all()}
        schedules = inspect_schedules(now=now)
        return cls(now, beats, list(Cluster.objects.all()), schedules, list(MailListener.objects.all()))

    @property
    def clocks_ahead(self) -> dict[str, float]:
        return clocks_ahead(self.beats.values(), self.clusters, self.now)

    def beat_at(self, name: str) -> datetime | None:
        return self.beats[name].at if name in self.beats else None

    def detail(self, name: str) -> str:
        return self.beats[name].detail if name in self.beats else ""


def _sweep(signs: LivenessEvidence) -> Iterator[CheckResult]:
    """A desk that was never swept is starting until a sweep would be late. It is well once it was swept."""
    late = timedelta(seconds=settings.SWEEP_LATE_SECONDS)
    beat, now = signs.beat_at(SWEEP), signs.now
    if beat is None and now - _born_at(signs) > late:
        yield CheckResult(
            Check.SWEEP, _("SLAs are not being enforced: the sweep has never run. Start the queue.")
        )
    elif beat is None:
        yield CheckResult(Check.START, _("The desk is starting: SLAs are enforced from the first sweep on."))
    if beat is not None and beat - now > FUTURE:
        text = _("SLAs may not be enforced: the last sweep is dated in the future, because a clock was wrong. "
                 "Check the queue.")  # fmt: skip
        yield CheckResult(Check.SWEEP, text)
    if beat is not None and now - beat > late:
        words = {"age": rough_duration(now - beat)}
        yield CheckResult(
            Check.SWEEP,
            _("SLAs are not being enforced: the last sweep was %(age)s ago. Check the queue.") % words,
        )


def _born_at(signs: LivenessEvidence) -> datetime:
    """When the desk was last started or its tables were created: before that there was nothing to sweep."""
    migrated: datetime | None = MigrationRecorder.Migration.objects.aggregate(at=Max("applied"))["at"]
    times = [at for at in (migrated, signs.beat_at(START)) if at is not None and at <= signs.now + FUTURE]
    return max(times, default=signs.now)


def _failing_sweep(signs: LivenessEvidence) -> Iterator[CheckResult]:
    """The sweep skips a ticket that fails, but a person must still look at it."""
    failed = re.search(r"\bfailed=([1-9]\d*)", signs.detail(SWEEP))
    if failed:
        text = ngettext(
            "The last sweep failed on %(count)s SLA; the log says why.",
            "The last sweep failed on %(count)s SLAs; the log says why.",
            int(failed[1]),
        )
        yield CheckResult(Check.SWEEP, text % {"count": failed[1]})


def _ledger(signs: LivenessEvidence) -> Iterator[CheckResult]:
    """A ledger mismatch. The heartbeat of the last check begins with the number of mismatches."""
    detail = signs.detail(LEDGER)
    if detail and not detail.startswith("0 "):
        yield CheckResult(
            Check.LEDGER,
            _("The ledger does not match the stored SLAs (%(detail)s). Run verify_ledger.")
            % {"detail": detail},
        )


def _outside(signs: LivenessEvidence) -> Iterator[CheckResult]:
    failed, pinged = signs.beat_at(FAILED), signs.beat_at(PINGED)
    if settings.SWEEP_PING_URL and failed and (pinged is None or failed > pinged):
        yield CheckResult(
            Check.OUTSIDE_PING,
            _("Calling SWEEP_PING_URL after each sweep fails: %(reason)s.")
            % {"reason": translate_answer(signs.detail(FAILED)).rstrip(".。")},
        )


def _clusters(signs: LivenessEvidence) -> Iterator[CheckResult]:
    for cluster in signs.clusters:
        if not cluster.is_alive(signs.now):
            words = {"host": cluster.host, "age": rough_duration(signs.now - cluster.seen_at)}
            yield CheckResult(
                Check.CLUSTERS,
                _("The queue on %(host)s has been silent for %(age)s. Check that machine.") % words,
            )


def _lanes(signs: LivenessEvidence) -> Iterator[CheckResult]:
    """Hosts whose queue works but does not sweep. If no other host sweeps either, `_sweep` says so."""
    late = timedelta(seconds=settings.SWEEP_LATE_SECONDS)
    alive = [cluster for cluster in signs.clusters if cluster.is_alive(signs.now)]
    idle = {each.host for each in alive if signs.now - (each.swept_at or each.started_at) > late}
    if idle:
        text = _("The queue on %(hosts)s works but does not enforce SLAs. Restart it there and read its log.")
        yield CheckResult(Check.CLUSTERS, text % {"hosts": listed(sorted(idle))})


def _keys(signs: LivenessEvidence) -> Iterator[CheckResult]:
    """Running clusters whose key differs from ours. Containers may share a host name.

    The process that runs this check queues tasks too, so its own key counts like that of a cluster.
    """
    alive = [cluster for cluster in signs.clusters if cluster.is_alive(signs.now)]
    foreign = {cluster.host for cluster in alive if cluster.key_mark not in ("", key_mark())}
    if foreign:
        text = _(
            "The queue on %(hosts)s has a different SECRET_KEY from this machine: each "
            "discards the tasks of the other, so SLAs are not enforced. Give all machines "
            "the same key."
        )
        yield CheckResult(Check.KEYS, text % {"hosts": listed(sorted(foreign))})


def _host_clocks(signs: LivenessEvidence) -> Iterator[CheckResult]:
    yield from wrong_clocks(signs.clocks_ahead)


def _time_jump(signs: LivenessEvidence) -> Iterator[CheckResult]:
    yield from recent_jump(signs.beats.get(JUMPED), signs.now)


def _broken_schedules(signs: LivenessEvidence) -> Iterator[CheckResult]:
    """A malformed row stops the queue from starting any task; a missing or edited row stops only its own."""
    text = _("Schedules are broken and tasks may not run: %(names)s. Run manage.py sync_schedules.")
    yield from _named(signs, (RowStanding.MALFORMED, RowStanding.MISSING, RowStanding.EDITED), text)


def _odd_schedules(signs: LivenessEvidence) -> Iterator[CheckResult]:
    foreign = _("Schedules that the desk does not define: %(names)s. Run manage.py sync_schedules.")
    yield from _named(signs, (RowStanding.FOREIGN,), foreign)
    late = _("Schedules that missed their run: %(names)s. Check the queue.")
    yield from _named(signs, (RowStanding.LATE,), late)


def _named(signs: LivenessEvidence, standings: tuple[RowStanding, ...], text: str) -> Iterator[CheckResult]:
    """Names the schedules in these states. If all are missing, the sweep reports that the desk is not set up."""
    if all(schedule.standing is RowStanding.MISSING for schedule in signs.schedules):
        return
    names = [title_of(schedule.name) for schedule in signs.schedules if schedule.standing in standings]
    if names:
        yield CheckResult(Check.SCHEDULES, text % {"names": listed(names)})


def _backups(signs: LivenessEvidence) -> Iterator[CheckResult]:
    good_at, failed_at = signs.beat_at(BACKUP), signs.beat_at(BACKUP_FAILED)
    if settings.BACKUP_FOLDER:
        yield from backup_warnings(
            now=signs.now,
            good_at=good_at,
            failed_at=failed_at,
            reason=signs.detail(BACKUP_FAILED),
            since=good_at or _born_at(signs),
        )


SIGN_PROBLEMS: tuple[Callable[[LivenessEvidence], Iterator[CheckResult]], ...] = (
    _sweep,
    _ledger,
    _keys,
    _host_clocks,
    _time_jump,
    _broken_schedules,
)
SIGN_WARNINGS: tuple[Callable[[LivenessEvidence], Iterator[CheckResult]], ...] = (
    _failing_sweep,
    _clusters,
    _lanes,
    _outside,
    _odd_schedules,
    _backups,
)
