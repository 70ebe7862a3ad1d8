"""The parts of a one-machine desk, and how a silent cluster is told from a database that is away."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from escalation.models import Heartbeat
from supportdesk import desk_parts
from supportdesk.desk_parts import Plan, SweepBeat, parts
from supportdesk.runner.parts import Answer

NOW = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)


@pytest.fixture
def beat(monkeypatch: pytest.MonkeyPatch) -> SweepBeat:
    """The probe, asked in the test's own thread and on its connection."""

    class Connections:
        def close_all(self) -> None:
            pass

    monkeypatch.setattr(desk_parts, "connections", Connections())
    return SweepBeat()


@pytest.mark.django_db
def test_an_old_beat_is_no_sign_of_life_and_each_new_one_is_one(beat: SweepBeat) -> None:
    Heartbeat.objects.update_or_create(name="sweep", defaults={"at": NOW})
    assert beat().answer is Answer.SILENT
    assert beat().answer is Answer.SILENT
    Heartbeat.objects.filter(name="sweep").update(at=NOW + timedelta(minutes=1))
    assert beat().answer is Answer.ALIVE
    sign = beat()
    assert sign.answer is Answer.SILENT
    assert sign.detail == "the last sweep ended at 08:01:00 UTC"


@pytest.mark.django_db
def test_the_first_beat_of_a_fresh_desk_is_a_sign_of_life(beat: SweepBeat) -> None:
    Heartbeat.objects.all().delete()
    assert beat().detail == "no sweep yet"
    Heartbeat.objects.create(name="sweep", at=NOW)
    assert beat().answer is Answer.ALIVE


def test_a_database_that_is_away_is_not_the_clusters_silence(
    beat: SweepBeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_filters: Any) -> None:
        raise OperationalError("connection refused\nIs the server running?")

    monkeypatch.setattr(Heartbeat.objects, "filter", refuse)
    sign = beat()
    assert sign.answer is Answer.UNKNOWN
    assert sign.detail == "the database does not answer: connection refused"


def test_a_desk_has_a_web_server_a_cluster_and_a_mail_listener() -> None:
    web, cluster, mail = parts(Plan(port=8100, lmtp_port=8124, smtp_port=0, workers=3), ready="open")
    assert "127.0.0.1:8100" in web.argv
    assert web.argv[web.argv.index("--workers") + 1] == "3"
    assert cluster.argv[-1] == "qcluster"
    assert mail.argv[-4:] == ("--lmtp-port", "8124", "--smtp-port", "0")
    assert web.ready == "open"
    assert all(part.probe for part in (web, cluster, mail))


def test_without_mail_ports_there_is_no_mail_part() -> None:
    plan = Plan(lmtp_port=0, smtp_port=0)
    assert [part.name for part in parts(plan, ready="")] == ["web", "cluster"]
    assert [binding.port_option for binding in plan.bindings()] == ["--port"]


def test_the_cluster_is_given_the_patience_of_the_settings(settings: Any) -> None:
    settings.CLUSTER_SILENCE_SECONDS = 321
    assert parts(Plan(), ready="")[1].patience == 321


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("0.0.0.0", "http://127.0.0.1:8000/"),
        ("::", "http://[::1]:8000/"),
        ("desk.local", "http://desk.local:8000/"),
    ],
)
def test_the_address_shown_is_one_that_a_browser_here_can_open(host: str, url: str) -> None:
    assert Plan(host=host).url == url


def test_mails_point_to_where_the_desk_listens_unless_the_operator_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.delenv("SITE_URL", raising=False)
    assert Plan(port=8100).site_url == "http://127.0.0.1:8100"
    monkeypatch.setenv("SITE_URL", "https://desk.example.com")
    settings.SITE_URL = "https://desk.example.com"
    assert Plan(port=8100).site_url == "https://desk.example.com"
