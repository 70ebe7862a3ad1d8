"""The desk's figures in the text format of Prometheus (exposition format 0.0.4).

All of them come from the database, so any web process answers for the whole desk, and nothing is counted in memory.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from escalation.enforcement.lag import Lag, breach_lag, step_lag
from escalation.tasks import LEDGER
from supportdesk.monitoring import counts
from supportdesk.monitoring.health import health
from supportdesk.monitoring.liveness import Signs
from supportdesk.schedule_inspection import RowStanding

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Sample:
    value: float
    labels: Mapping[str, object] = field(default_factory=dict)

    def line(self, name: str) -> str:
        pairs = ",".join(f'{label}="{_escaped(str(value))}"' for label, value in self.labels.items())
        return f"{name}{{{pairs}}} {_number(self.value)}" if pairs else f"{name} {_number(self.value)}"


@dataclass(frozen=True)
class Gauge:
    """One metric with its samples; without a sample it is left out, for there is nothing to say."""

    name: str
    help: str
    samples: Iterable[Sample]

    def lines(self) -> Iterator[str]:
        samples = [sample.line(self.name) for sample in self.samples]
        if samples:
            yield f"# HELP {self.name} {self.help}"
            yield f"# TYPE {self.name} gauge"
            yield from samples


def exposition(*, now: datetime) -> str:
    """The whole page. About twenty queries, each by an index or over what is open."""
    return "".join(f"{line}\n" for gauge in _gauges(now) for line in gauge.lines())


def _gauges(now: datetime) -> Iterator[Gauge]:
    signs = Signs.at(now)
    yield Gauge("supportdesk_healthy", "1 when /healthz answers 200.", [Sample(float(health(now=now).ok))])
    yield from _promises()
    yield _lag(now)
    yield from _heartbeats(signs)
    yield from _backlogs(now)
    yield from _states(now)
    yield from _clusters(signs)
    yield _schedules(signs)


def _promises() -> Iterator[Gauge]:
    counted = [
        (found, {"kind": found.kind, "priority": f"P{found.priority}"}) for found in counts.open_promises()
    ]
    yield Gauge(
        "supportdesk_promises_running", "Open promises whose window has not ended.",
        [Sample(found.running, labels) for found, labels in counted],
    )  # fmt: skip
    yield Gauge(
        "supportdesk_promises_breached_open", "Breached promises that nobody has answered yet.",
        [Sample(found.breached, labels) for found, labels in counted],
    )  # fmt: skip


def _lag(now: datetime) -> Gauge:
    lags = {"breach": breach_lag(now=now), "step": step_lag(now=now)}
    return Gauge(
        "supportdesk_enforcement_lag_seconds",
        "From the due time to its enforcement, of the last 24 hours.",
        [sample for of, lag in lags.items() for sample in _quantiles(of, lag)],
    )


def _quantiles(of: str, lag: Lag) -> Iterator[Sample]:
    for quantile, value in (("0.5", lag.p50), ("0.99", lag.p99), ("1", lag.worst)):
        if value is not None:
            yield Sample(value.total_seconds(), {"of": of, "quantile": quantile})


def _heartbeats(signs: Signs) -> Iterator[Gauge]:
    yield Gauge(
        "supportdesk_heartbeat_age_seconds", "Since a recurring task last finished well.",
        [Sample(_seconds(signs.now - beat.at), {"task": name}) for name, beat in sorted(signs.beats.items())],
    )  # fmt: skip
    if LEDGER in signs.beats:
        found = signs.detail(LEDGER).split(" ")[0]
        yield Gauge(
            "supportdesk_ledger_mismatches", "Promises that do not come out of the ledger, at the last proof.",
            [Sample(float(found))] if found.isdigit() else [],
        )  # fmt: skip


def _backlogs(now: datetime) -> Iterator[Gauge]:
    backlogs = {
        "queue": counts.queue_backlog(now=now),
        "intake": counts.intake_backlog(),
        "outbox": counts.outbox_backlog(now=now),
        "notifications": counts.notification_backlog(now=now),
    }
    yield Gauge(
        "supportdesk_backlog", "What is due and not done.",
        [Sample(backlog.waiting, {"of": of}) for of, backlog in backlogs.items()],
    )  # fmt: skip
    yield Gauge(
        "supportdesk_backlog_age_seconds", "How long the oldest of it is due.",
        [Sample(_seconds(backlog.age(now)), {"of": of}) for of, backlog in backlogs.items()],
    )  # fmt: skip


def _states(now: datetime) -> Iterator[Gauge]:
    yield Gauge(
        "supportdesk_outbox", "Outgoing mail that waits, and what became of that of the last 24 hours.",
        [Sample(number, {"state": state}) for state, number in counts.outbox_states(now=now).items()],
    )  # fmt: skip
    yield Gauge(
        "supportdesk_intake", "Incoming mail that became no ticket.",
        [Sample(number, {"state": state}) for state, number in counts.intake_states().items()],
    )  # fmt: skip


def _clusters(signs: Signs) -> Iterator[Gauge]:
    labels = [({"host": cluster.host, "cluster": cluster.name}, cluster) for cluster in signs.clusters]
    yield Gauge(
        "supportdesk_cluster_up", "1 while the queue cluster reports.",
        [Sample(float(cluster.is_alive(signs.now)), names) for names, cluster in labels],
    )  # fmt: skip
    yield Gauge(
        "supportdesk_cluster_workers", "Its workers.",
        [Sample(cluster.workers, names) for names, cluster in labels],
    )  # fmt: skip
    yield Gauge(
        "supportdesk_cluster_busy", "Those of them that are at work.",
        [Sample(cluster.busy, names) for names, cluster in labels],
    )  # fmt: skip


def _schedules(signs: Signs) -> Gauge:
    return Gauge(
        "supportdesk_schedule_ok", "1 when the schedule is as the timetable says and on time.",
        [
            Sample(float(found.standing is RowStanding.OK), {"name": found.name, "standing": found.standing.value})
            for found in signs.schedules
        ],
    )  # fmt: skip


def _seconds(passed: timedelta) -> float:
    return round(passed.total_seconds(), 3)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
