"""Wrong clocks are named with their host, and a jump of the time of record is a problem for a while."""

from datetime import datetime, timedelta

import pytest

from customers import time_of_record
from supportdesk.monitoring.check_results import Check
from supportdesk.monitoring.health import health
from supportdesk.monitoring.host_clocks import clocks_ahead, jump_in_words, recent_jump, wrong_clocks
from supportdesk.monitoring.liveness import LivenessEvidence
from supportdesk.monitoring.metrics import registry_at
from supportdesk.monitoring.operations import operations
from tests.factories import ClusterFactory, HeartbeatFactory

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5.0, []),
        (5.1, ["The clock of db is 5 s ahead of the database’s."]),
        (-5.0, []),
        (-90, ["The clock of db is 1 min behind the database’s."]),
    ],
)
def test_a_clock_is_wrong_beyond_five_seconds(seconds: float, words: list[str]) -> None:
    texts = [finding.text for finding in wrong_clocks({"db": seconds, "web": 0.2})]
    assert [text.partition(" The desk goes by")[0] for text in texts] == words


@pytest.mark.django_db
def test_each_host_has_its_latest_measurement(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_of_record, "host_ahead", lambda: 0.25)
    monkeypatch.setattr("socket.gethostname", lambda: "here")
    beats = [
        HeartbeatFactory(name="wrong-clock here", at=now, detail="+90.0 here"),
        HeartbeatFactory(name="wrong-clock web-2", at=now - timedelta(minutes=5), detail="-7.5 web-2"),
        HeartbeatFactory(
            name="wrong-clock web-3", at=now - timedelta(minutes=5, seconds=1), detail="-7.5 web-3"
        ),
        HeartbeatFactory(name="sweep", at=now, detail="+1 nobody"),
    ]
    clusters = [
        ClusterFactory(name="work:1", seen_at=now, clock_ahead=-90.5),
        ClusterFactory(name="dead:1", seen_at=now - 61 * SECOND, clock_ahead=90),
        ClusterFactory(name="lite:1", seen_at=now),
    ]
    assert clocks_ahead(beats, clusters, now) == {"here": 0.25, "web-2": -7.5, "work": -90.5}


@pytest.mark.django_db
def test_a_desk_whose_host_keeps_the_time_compares_no_clocks(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_of_record, "follows_database", lambda: False)
    assert LivenessEvidence.at(now).clocks_ahead == {}


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds", "is_shown"), [(0, True), (900, True), (901, False), (-901, False)])
def test_a_jump_is_a_problem_for_a_quarter_of_an_hour(now: datetime, seconds: int, is_shown: bool) -> None:
    HeartbeatFactory(name="sweep", at=now)
    HeartbeatFactory(name="time-jump", at=now - seconds * SECOND, detail="-3600 db-1")
    texts = [finding.text for finding in health(now=now).problems if finding.check is Check.TIME_JUMP]
    assert [text.partition(" Check")[0] for text in texts] == [
        "The desk’s time jumped: 1 h back, noticed on db-1."
    ] * is_shown


def test_a_desk_whose_time_never_jumped_has_nothing_to_tell(now: datetime) -> None:
    assert list(recent_jump(None, now)) == []


@pytest.mark.parametrize(
    ("detail", "words"),
    [("+90 a b", "1 min forward, noticed on a b"), ("-7200 db", "2 h back, noticed on db"), ("?", "?")],
)
def test_a_jump_in_words(detail: str, words: str) -> None:
    assert jump_in_words(detail) == words


@pytest.mark.django_db
def test_operations_and_metrics_show_the_clock_of_each_host(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_of_record, "host_ahead", lambda: None)
    for name, ahead in (("bad:1", 90.04), ("good:1", 0.0), ("lite:1", None)):
        ClusterFactory(name=name, seen_at=now, clock_ahead=ahead)
    HeartbeatFactory(name="wrong-clock web", at=now, detail="-12.0 web")
    desk = operations(now=now)
    assert [(each.clock, each.is_clock_wrong) for each in desk.clusters] == [
        ("+90.0 s", True),
        ("0 s", False),
        ("", False),
    ]
    assert [str(task.name) for task in desk.tasks] == []
    samples = [sample for gauge in registry_at(now).collect() for sample in gauge.samples]
    ahead = {s.labels["host"]: s.value for s in samples if s.name == "supportdesk_host_clock_ahead_seconds"}
    assert ahead == {"bad": 90.04, "good": 0.0, "web": -12.0}
    assert not [s for s in samples if s.name == "supportdesk_heartbeat_age_seconds"]
