"""The parts of a one-machine desk."""

from typing import Any

import pytest

from supportdesk.processes.cluster.probe import ClusterProbe
from supportdesk.processes.desk_parts import DeskPlan, desk_parts


def test_a_desk_has_a_web_server_a_cluster_a_mail_listener_and_a_watcher() -> None:
    web, cluster, mail, watch = desk_parts(
        DeskPlan(port=8100, lmtp_port=8124, smtp_port=0, workers=3), ready="open"
    )
    assert "127.0.0.1:8100" in web.argv
    assert web.argv[web.argv.index("--workers") + 1] == "3"
    assert cluster.argv[-1] == "qcluster"
    assert mail.argv[-4:] == ("--lmtp-port", "8124", "--smtp-port", "0")
    assert watch.argv[-1] == "watch_mail"
    assert web.ready == "open"
    assert all(part.probe for part in (web, cluster, mail))


def test_without_mail_ports_there_is_no_mail_part() -> None:
    plan = DeskPlan(lmtp_port=0, smtp_port=0)
    assert [part.name for part in desk_parts(plan, ready="")] == ["web", "cluster", "watch"]
    assert [binding.port_option for binding in plan.bindings()] == ["--port"]


def test_the_cluster_and_its_probe_use_the_same_name() -> None:
    cluster = desk_parts(DeskPlan(), ready="")[1]
    assert isinstance(cluster.probe, ClusterProbe)
    assert cluster.env["DESK_CLUSTER"] == cluster.probe.name


def test_the_patience_with_the_cluster_comes_from_the_settings(settings: Any) -> None:
    settings.CLUSTER_SILENCE_SECONDS = 321
    assert desk_parts(DeskPlan(), ready="")[1].patience == 321


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
    assert DeskPlan(host=host).url == url


def test_links_in_mails_lead_to_where_the_desk_listens_unless_the_operator_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.delenv("SITE_URL", raising=False)
    assert DeskPlan(port=8100).site_url == "http://127.0.0.1:8100"
    monkeypatch.setenv("SITE_URL", "https://desk.example.com")
    settings.SITE_URL = "https://desk.example.com"
    assert DeskPlan(port=8100).site_url == "https://desk.example.com"
