"""supportdesk.checks: what `check --deploy` says of a desk that is not ready for real use."""

from typing import Any

import pytest
from django.core.checks import run_checks

from supportdesk.checks import check_deployment


def ids(found: list[Any]) -> set[str]:
    return {message.id for message in found}


def test_an_embedded_desk_is_told_what_real_use_needs(settings: Any) -> None:
    settings.PRODUCTION, settings.SMTP_URL, settings.DESK_ADDRESS = False, "", "support@desk.example"
    assert {"desk.W001", "desk.W003", "desk.W004"} <= ids(check_deployment(None))


def test_a_desk_that_is_set_up_is_left_in_peace(settings: Any) -> None:
    settings.PRODUCTION, settings.SMTP_URL = True, "smtp://127.0.0.1:25"
    settings.DESK_ADDRESS = "support@vendor.com"
    assert ids(check_deployment(None)) <= {"desk.W002"}


@pytest.mark.parametrize("deploy", [True, False])
def test_the_findings_belong_to_the_deployment_checks_only(settings: Any, deploy: bool) -> None:
    settings.PRODUCTION = False
    found = ids(run_checks(tags=["security"], include_deployment_checks=deploy))
    assert ("desk.W001" in found) is deploy


def test_every_finding_has_a_hint(settings: Any) -> None:
    settings.PRODUCTION = False
    assert all(message.hint for message in check_deployment(None))
