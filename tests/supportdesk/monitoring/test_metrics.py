"""/metrics: nobody sees it without the token, and what stands there is what the database says."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from escalation.choices import ClockKind
from supportdesk.schedules import sync_schedules
from tests.factories import (
    NOW,
    ClockFactory,
    ClusterFactory,
    EscalationFactory,
    HeartbeatFactory,
    InboundEmailFactory,
    MailListenerFactory,
    NotificationFactory,
    OutboundEmailFactory,
)
from tickets.choices import IntakeState, OutboxState

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

TOKEN = "a-long-token-of-the-test"
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
TEXT, OPENMETRICS = "text/plain; version=0.0.4; charset=utf-8", "application/openmetrics-text; version=1.0.0"
# What Prometheus 2 and 3 send.
PROMETHEUS_2 = "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;"
    "escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.2"
)
Found = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(autouse=True)
def token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def ask(client: Client, authorization: str = f"Bearer {TOKEN}", accept: str = "") -> Any:
    headers = {"Authorization": authorization, "Accept": accept}
    return client.get(reverse("metrics"), headers={name: value for name, value in headers.items() if value})


def samples(client: Client) -> Found:
    answer = ask(client)
    assert answer.status_code == 200
    return read(text_string_to_metric_families(answer.content.decode()))


def read(families: Iterable[Metric]) -> Found:
    """What a reader of the page knows: the figure of each name with its labels."""
    figures = [
        (sample.name, frozenset(sample.labels.items()), sample.value)
        for family in families
        for sample in family.samples
    ]
    assert len({(name, labels) for name, labels, _value in figures}) == len(figures)
    return {(name, labels): value for name, labels, value in figures}


def test_without_a_token_in_the_settings_there_is_no_such_page(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert ask(client).status_code == 404
    assert ask(client, "Bearer ").status_code == 404


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer é"],
)
def test_whoever_does_not_show_the_token_is_turned_away(client: Client, shown: str) -> None:
    answer = ask(client, shown)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert b"supportdesk_" not in answer.content


def test_tokens_are_compared_in_constant_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []

    def compare(sample: str, other: str) -> bool:
        compared.append((sample, other))
        return False

    monkeypatch.setattr("supportdesk.monitoring.metrics_view.constant_time_compare", compare)
    ask(client, "Bearer guess")
    assert compared == [("guess", TOKEN)]


def test_the_metrics_page_refuses_other_methods_than_get(client: Client) -> None:
    assert client.post(reverse("metrics")).status_code == 405


def test_metrics_without_an_accept_header_are_in_the_text_format(client: Client) -> None:
    create_figures()
    answer = ask(client)
    assert answer.headers["Content-Type"] == TEXT
    text = answer.content.decode()
    families = list(text_string_to_metric_families(text))
    assert {family.type for family in families} == {"gauge"}
    assert all(family.documentation and family.samples for family in families)
    names = [family.name for family in families]
    assert len(names) == len(set(names)) == len(re.findall("^# HELP ", text, re.MULTILINE))


@pytest.mark.parametrize("accept", [PROMETHEUS_2, PROMETHEUS_3, "application/openmetrics-text"])
def test_prometheus_gets_the_same_figures_in_the_format_it_prefers(client: Client, accept: str) -> None:
    create_figures()
    answer = ask(client, accept=accept)
    assert answer.headers["Content-Type"].startswith(OPENMETRICS)
    strictly_read = read(openmetrics.text_string_to_metric_families(answer.content.decode()))
    assert _without_disks(strictly_read) == _without_disks(samples(client))


def _without_disks(read: Mapping[Any, float]) -> dict[Any, float]:
    """The room on the disk changes between two questions."""
    return {key: value for key, value in read.items() if key[0] != "supportdesk_disk_free_bytes"}


@pytest.mark.parametrize(
    "accept", ["*/*", "text/html", "text/plain;version=0.0.4", "application/openmetrics-text;version=x"]
)
def test_metrics_for_an_unsupported_accept_header_are_in_the_text_format(client: Client, accept: str) -> None:
    answer = ask(client, accept=accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, TEXT)


def test_metrics_hold_no_figures_of_the_single_process(client: Client) -> None:
    create_figures()
    assert {name.split("_")[0] for name, _labels in samples(client)} == {"supportdesk"}


@pytest.mark.parametrize("accept", ["", PROMETHEUS_3])
def test_metrics_answer_503_while_the_database_is_down(
    client: Client, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    def away(**_at: object) -> None:
        raise OperationalError("no route to db.internal")

    monkeypatch.setattr("supportdesk.monitoring.metrics.breach_lag", away)
    answer = ask(client, accept=accept)
    assert (answer.status_code, answer.content) == (503, b"The database cannot be asked.\n")


def create_figures() -> None:
    sync_schedules(now=NOW)
    HeartbeatFactory(name="sweep", at=NOW - 12 * SECOND)
    HeartbeatFactory(name="ledger", at=NOW - HOUR, detail="2 of 500: clock 3")
    ClockFactory(ticket__priority=0, due_at=NOW + HOUR, started_at=NOW, next_step_at=NOW - 30 * SECOND)
    late = ClockFactory(
        ticket__priority=1, kind=ClockKind.NEXT_RESPONSE, state="breached", started_at=NOW - 2 * HOUR,
        due_at=NOW - HOUR, breached_at=NOW - HOUR, detected_at=NOW - HOUR + 20 * SECOND,
    )  # fmt: skip
    EscalationFactory(clock=late, due_at=NOW - HOUR, fired_at=NOW - HOUR + 2.5 * SECOND)
    OutboundEmailFactory(state=OutboxState.DEFERRED, next_try_at=NOW - 40 * SECOND)
    InboundEmailFactory(state=IntakeState.PARKED)
    NotificationFactory(next_try_at=NOW - 3 * SECOND)
    ClusterFactory(name='he"re\\:1', host="here", seen_at=NOW, busy=2)
    ClusterFactory(name="there:1", seen_at=NOW - HOUR)


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("supportdesk_healthy", {}, 0),  # the ledger has mismatches
        ("supportdesk_promises_running", {"kind": "first_response", "priority": "P0"}, 1),
        ("supportdesk_promises_breached_open", {"kind": "next_response", "priority": "P1"}, 1),
        ("supportdesk_enforcement_lag_seconds", {"of": "breach", "quantile": "0.99"}, 20),
        ("supportdesk_enforcement_lag_seconds", {"of": "step", "quantile": "0.5"}, 2.5),
        ("supportdesk_heartbeat_age_seconds", {"task": "sweep"}, 12),
        ("supportdesk_ledger_mismatches", {}, 2),
        ("supportdesk_backlog", {"of": "outbox"}, 1),
        ("supportdesk_backlog", {"of": "promises"}, 2),
        ("supportdesk_backlog_age_seconds", {"of": "promises"}, 3600),
        ("supportdesk_backlog_age_seconds", {"of": "outbox"}, 40),
        ("supportdesk_backlog_age_seconds", {"of": "notifications"}, 3),
        ("supportdesk_backlog", {"of": "queue"}, 0),
        ("supportdesk_outbox", {"state": "deferred"}, 1),
        ("supportdesk_outbox", {"state": "failed"}, 0),
        ("supportdesk_intake", {"state": "parked"}, 1),
        ("supportdesk_cluster_up", {"host": "there", "cluster": "there:1"}, 0),
        ("supportdesk_cluster_busy", {"host": "here", "cluster": 'he"re\\:1'}, 2),
        ("supportdesk_schedule_ok", {"name": "absences", "standing": "ok"}, 1),
    ],
)
def test_each_figure_is_what_the_database_says(
    client: Client, name: str, labels: dict[str, str], value: float
) -> None:
    create_figures()
    assert samples(client)[name, frozenset(labels.items())] == value


def test_an_empty_desk_has_no_lag_to_tell(client: Client) -> None:
    assert not [name for name, _labels in samples(client) if "lag" in name]
    assert b"lag" not in ask(client).content  # nor its help


def test_more_rows_cost_no_more_queries(
    client: Client, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    create_figures()
    ask(client)  # a process reads once whether the database has all migrations
    few = count_queries(lambda: ask(client))
    for _one in range(10):
        ClockFactory(due_at=NOW + HOUR, started_at=NOW)
        OutboundEmailFactory(state=OutboxState.QUEUED)
    ClusterFactory(name="third:1")
    assert count_queries(lambda: ask(client)) == few <= 40


def test_the_room_of_each_machine_and_refused_mail_are_figures(client: Client) -> None:
    ClusterFactory(name="queue1:1", free_mb=900)
    MailListenerFactory(host="mail1", name="mail1:7", free_mb=500, refused=3, refused_at=NOW)
    read_now = samples(client)
    free = {
        dict(labels)["host"]: value
        for (name, labels), value in read_now.items()
        if name.endswith("free_bytes")
    }
    assert (free["queue1"], free["mail1"], len(free)) == (900_000_000, 500_000_000, 3)
    assert read_now["supportdesk_mail_refused", frozenset({("host", "mail1"), ("listener", "mail1:7")})] == 3
