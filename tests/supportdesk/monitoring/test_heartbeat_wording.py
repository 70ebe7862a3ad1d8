"""Heartbeats in words: counters of sweeps, proofs of the ledger, repairs of schedules."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from escalation.clocks.ledger_verification import Mismatch
from escalation.enforcement.dead_mans_switch import FAILED
from escalation.enforcement.sweep import SweepReport
from escalation.models import Heartbeat
from escalation.notifications.channels.outcomes import NO_NAME
from escalation.tasks import LEDGER, SWEEP
from supportdesk.monitoring.check_results import Check
from supportdesk.monitoring.health import health
from supportdesk.monitoring.heartbeat_wording import heartbeat_in_words
from supportdesk.schedule_inspection import REPAIRS
from supportdesk.schedules import SyncReport
from tests.adminpages import list_url
from tests.factories import AdminFactory, HeartbeatFactory


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (SweepReport(), "nothing was due"),
        (SweepReport(acted=1), "1 SLA acted on"),
        (
            SweepReport(acted=3, busy=2, settled=1, failed=1, left=4),
            "3 SLAs acted on, 2 were in use and will be retried, 1 was already settled, 1 failed, "
            "4 left for the next sweep",
        ),
    ],
)
def test_the_counters_of_a_sweep_are_put_into_words(report: SweepReport, words: str) -> None:
    assert heartbeat_in_words(SWEEP, str(report)) == words


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("0 of 0", "There is no SLA to check yet."),
        ("0 of 1", "1 SLA matches the ledger."),
        ("0 of 302", "All 302 SLAs match the ledger."),
        ("1 of 9", "1 of 9 SLAs does not match the ledger."),
        (
            f"2 of 9: {Mismatch(7, 3, 'no line.')}",
            "2 of 9 SLAs do not match the ledger. SD#3, SLA 7: no line.",
        ),
    ],
)
def test_the_proof_of_the_ledger_is_put_into_words(detail: str, words: str) -> None:
    assert heartbeat_in_words(LEDGER, detail) == words


def test_repaired_schedules_go_by_their_titles() -> None:
    report = SyncReport(created=["absences"], repaired=["fetch-mail", "drills"], removed=["weekly report"])
    words = "added: Absences; corrected: Fetch email, Fire drills; removed: weekly report"
    assert heartbeat_in_words(REPAIRS, str(report)) == words


@pytest.mark.parametrize("name", [SWEEP, LEDGER, REPAIRS, "task of tomorrow"])
def test_a_heartbeat_detail_that_is_not_understood_is_shown_unchanged(name: str) -> None:
    assert heartbeat_in_words(name, "What is this?") == "What is this?"


@pytest.mark.django_db
def test_the_list_of_heartbeats_reads_as_the_operations_page_does(login: Callable[[User], Client]) -> None:
    HeartbeatFactory(name=SWEEP, detail=str(SweepReport(acted=2)))
    HeartbeatFactory(name="task of tomorrow", detail="done")
    html = login(AdminFactory()).get(list_url(Heartbeat)).content.decode()
    assert "2 SLAs acted on" in html
    assert "task of tomorrow" in html
    assert "acted=2" not in html


def test_the_reason_of_a_failed_outside_ping_is_in_the_readers_language(
    monkeypatch: pytest.MonkeyPatch, db: None, now: datetime, settings: Any
) -> None:
    monkeypatch.setattr("escalation.notifications.channels.outcomes.gettext", lambda text: f"<{text}>")
    assert heartbeat_in_words(FAILED, NO_NAME) == f"<{NO_NAME}>"
    assert heartbeat_in_words(FAILED, "HTTP 503") == "HTTP 503"
    settings.SWEEP_PING_URL = "https://hc-ping.example/secret"
    HeartbeatFactory(name=FAILED, at=now, detail=NO_NAME)
    (finding,) = (warning for warning in health(now=now).warnings if warning.check == Check.OUTSIDE_PING)
    assert f"<{NO_NAME}>" in finding.text
