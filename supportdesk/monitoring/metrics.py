"""The desk's metrics for Prometheus, as a collector that prometheus-client encodes.

All of them come from the database, so any web process answers for the whole desk, and no process keeps counts in
memory (.github/decisions/monitoring.md).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from prometheus_client.core import CollectorRegistry, GaugeMetricFamily
from prometheus_client.registry import Collector

from escalation.enforcement.lag import Lag, breach_lag, step_lag
from escalation.tasks import LEDGER
from supportdesk.monitoring import counts
from supportdesk.monitoring.health import health
from supportdesk.monitoring.liveness import LivenessEvidence
from supportdesk.monitoring.machines import free_by_host
from supportdesk.processes.host_clock import WRONG_CLOCK
from supportdesk.schedule_inspection import RowStanding

# The label values of a sample, in the order of the metric's label names, and its value.
Sample = tuple[tuple[str, ...], float]


class DeskCollector(Collector):
    """The desk at one moment. About twenty queries, each on an index or on open rows only."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics, leaving out those without samples."""
        return (gauge for gauge in _gauges(self.now) if gauge.samples)


def registry_at(now: datetime) -> CollectorRegistry:
    """A registry of its own, so that the library's metrics about this process are not mixed in."""
    registry = CollectorRegistry()
    registry.register(DeskCollector(now))
    return registry


def _gauge(
    name: str, documentation: str, samples: Iterable[Sample], *, labels: tuple[str, ...] = ()
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, documentation, labels=labels)
    for values, figure in samples:
        gauge.add_metric(values, figure)
    return gauge


def _gauges(now: datetime) -> Iterator[GaugeMetricFamily]:
    signs = LivenessEvidence.at(now)
    yield _gauge("supportdesk_healthy", "1 when /healthz answers 200.", [((), float(health(now=now).ok))])
    yield from _promises()
    yield _lag(now)
    yield from _heartbeats(signs)
    yield from _backlogs(now)
    yield from _states(now)
    yield from _clusters(signs)
    yield _host_clocks(signs)
    yield from _machines(signs)
    yield _schedules(signs)


def _promises() -> Iterator[GaugeMetricFamily]:
    counted = [((row.kind, f"P{row.priority}"), row) for row in counts.open_promises()]
    yield _gauge(
        "supportdesk_promises_running", "Open promises whose window has not ended.",
        [(values, row.running) for values, row in counted], labels=("kind", "priority"),
    )  # fmt: skip
    yield _gauge(
        "supportdesk_promises_breached_open", "Breached promises that nobody has answered yet.",
        [(values, row.breached) for values, row in counted], labels=("kind", "priority"),
    )  # fmt: skip


def _lag(now: datetime) -> GaugeMetricFamily:
    lags = {"breach": breach_lag(now=now), "step": step_lag(now=now)}
    return _gauge(
        "supportdesk_enforcement_lag_seconds",
        "From the due time to its enforcement, of the last 24 hours.",
        [sample for of, lag in lags.items() for sample in _quantiles(of, lag)],
        labels=("of", "quantile"),
    )


def _quantiles(of: str, lag: Lag) -> Iterator[Sample]:
    for quantile, value in (("0.5", lag.p50), ("0.99", lag.p99), ("1", lag.worst)):
        if value is not None:
            yield (of, quantile), value.total_seconds()


def _heartbeats(signs: LivenessEvidence) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "supportdesk_heartbeat_age_seconds", "Since a recurring task last finished well.",
        [
            ((name,), _seconds(signs.now - beat.at))
            for name, beat in sorted(signs.beats.items()) if not name.startswith(WRONG_CLOCK)
        ], labels=("task",),
    )  # fmt: skip
    if LEDGER in signs.beats:
        wrong = signs.detail(LEDGER).split(" ")[0]
        yield _gauge(
            "supportdesk_ledger_mismatches", "Promises that do not come out of the ledger, at the last proof.",
            [((), float(wrong))] if wrong.isdigit() else [],
        )  # fmt: skip


def _backlogs(now: datetime) -> Iterator[GaugeMetricFamily]:
    backlogs = {
        "promises": counts.promise_backlog(now=now),
        "queue": counts.queue_backlog(now=now),
        "intake": counts.intake_backlog(),
        "outbox": counts.outbox_backlog(now=now),
        "notifications": counts.notification_backlog(now=now),
    }
    yield _gauge(
        "supportdesk_backlog", "What is due and not done.",
        [((of,), backlog.waiting) for of, backlog in backlogs.items()], labels=("of",),
    )  # fmt: skip
    yield _gauge(
        "supportdesk_backlog_age_seconds", "How long the oldest of it is due.",
        [((of,), _seconds(backlog.age(now))) for of, backlog in backlogs.items()], labels=("of",),
    )  # fmt: skip


def _states(now: datetime) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "supportdesk_outbox", "Outgoing mail that waits, and what became of that of the last 24 hours.",
        [((state,), number) for state, number in counts.outbox_states(now=now).items()], labels=("state",),
    )  # fmt: skip
    yield _gauge(
        "supportdesk_intake", "Incoming mail that became no ticket.",
        [((state,), number) for state, number in counts.intake_states().items()], labels=("state",),
    )  # fmt: skip


def _clusters(signs: LivenessEvidence) -> Iterator[GaugeMetricFamily]:
    named = [((cluster.host, cluster.name), cluster) for cluster in signs.clusters]
    yield _gauge(
        "supportdesk_cluster_up", "1 while the queue cluster reports.",
        [(values, float(cluster.is_alive(signs.now))) for values, cluster in named], labels=("host", "cluster"),
    )  # fmt: skip
    yield _gauge(
        "supportdesk_cluster_workers", "Its workers.",
        [(values, cluster.workers) for values, cluster in named], labels=("host", "cluster"),
    )  # fmt: skip
    yield _gauge(
        "supportdesk_cluster_busy", "Those of them that are at work.",
        [(values, cluster.busy) for values, cluster in named], labels=("host", "cluster"),
    )  # fmt: skip


def _host_clocks(signs: LivenessEvidence) -> GaugeMetricFamily:
    return _gauge(
        "supportdesk_host_clock_ahead_seconds", "By which the clock of a host is ahead of the database's.",
        [((host,), round(seconds, 3)) for host, seconds in sorted(signs.clocks_ahead.items())], labels=("host",),
    )  # fmt: skip


def _machines(signs: LivenessEvidence) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "supportdesk_disk_free_bytes", "Free room on the fullest disk of each machine.",
        [((host,), float(room.free)) for host, room in free_by_host(signs).items()], labels=("host",),
    )  # fmt: skip
    yield _gauge(
        "supportdesk_mail_refused", "Email refused by a fault of the desk since the last that was taken.",
        [((each.host, each.name), float(each.refused)) for each in signs.listeners], labels=("host", "listener"),
    )  # fmt: skip


def _schedules(signs: LivenessEvidence) -> GaugeMetricFamily:
    return _gauge(
        "supportdesk_schedule_ok",
        "1 when the schedule is as the timetable says and on time.",
        [
            ((schedule.name, schedule.standing.value), float(schedule.standing is RowStanding.OK))
            for schedule in signs.schedules
        ],
        labels=("name", "standing"),
    )


def _seconds(passed: timedelta) -> float:
    return round(passed.total_seconds(), 3)
