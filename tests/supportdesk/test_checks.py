"""supportdesk.checks: what `check --deploy` says of a desk that is not ready for real use."""

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import WARNING, run_checks

from supportdesk.checks import check_deployment, check_queue, check_settings


def ids(found: list[Any]) -> set[str]:
    return {message.id for message in found}


def test_an_embedded_desk_is_told_what_real_use_needs(settings: Any) -> None:
    settings.PRODUCTION, settings.SMTP_URL, settings.DESK_ADDRESS = False, "", "support@desk.example"
    assert {"desk.W001", "desk.W003", "desk.W004"} <= ids(check_deployment(None))


def test_a_desk_that_is_set_up_gets_no_warnings(settings: Any) -> None:
    settings.PRODUCTION, settings.SMTP_URL = True, "smtp://127.0.0.1:25"
    settings.DESK_ADDRESS = "support@vendor.com"
    assert ids(check_deployment(None)) <= {"desk.W002"}


def test_a_guessable_metrics_token_is_a_warning(settings: Any) -> None:
    warnings = []
    for settings.METRICS_TOKEN in ("", "secret", "x" * 20):
        warnings.append([finding.id for finding in check_deployment(None) if finding.id == "desk.W005"])
    assert warnings == [[], ["desk.W005"], []]


@pytest.mark.django_db
@pytest.mark.parametrize("deploy", [True, False])
def test_the_warnings_are_raised_by_deployment_checks_only(settings: Any, deploy: bool) -> None:
    settings.PRODUCTION = False
    check_ids = ids(run_checks(tags=["security"], include_deployment_checks=deploy))
    assert ("desk.W001" in check_ids) is deploy


def test_every_finding_has_a_hint(settings: Any) -> None:
    settings.PRODUCTION = False
    assert all(message.hint for message in check_deployment(None))


@pytest.mark.parametrize("deploy", [True, False])
def test_a_key_that_cannot_sign_is_a_warning_at_each_start(
    settings: Any, tmp_path: Path, deploy: bool
) -> None:
    assert run_checks(tags=["mail"]) == []
    settings.DKIM_KEY_FILE, settings.DKIM_SELECTOR = str(tmp_path / "gone.pem"), "desk1"
    (message,) = run_checks(tags=["mail"], include_deployment_checks=deploy)
    assert (message.id, message.level) == ("desk.W006", WARNING)
    assert "gone.pem cannot be read" in message.msg
    assert message.hint


def test_the_queue_as_it_is_set_up_passes_at_each_start() -> None:
    assert run_checks(tags=["queue"]) == []


@pytest.mark.parametrize(
    ("changed", "number"),
    [
        ({"workers": 1, "queue_limit": 1}, "E101"),
        ({"timeout": 199}, "E102"),
        ({"timeout": None}, "E102"),
        ({"retry": 479}, "E103"),
        ({"max_attempts": 0}, "E104"),
        ({"ack_failures": False}, "E104"),
        ({"catch_up": True}, "E105"),
        ({"queue_limit": 7}, "E106"),
        ({"queue_limit": 2}, "E106"),
        ({"save_limit": 0}, "E107"),
        ({"poll": 3}, "E108"),
        ({"poll": 0}, "E108"),
        ({"guard_cycle": 6}, "E109"),
        ({"broker_class": None}, "E110"),
    ],
    ids=str,
)
def test_each_value_of_the_queue_that_breaks_the_desk_is_refused(
    settings: Any, changed: dict[str, Any], number: str
) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"workers": 3, "queue_limit": 3} | changed
    messages = check_queue(None)
    assert ids(messages) == {f"desk.{number}"}
    assert all(message.hint for message in messages)


def test_what_django_q2_takes_by_default_is_refused(settings: Any) -> None:
    settings.Q_CLUSTER = {"workers": 3, "timeout": 240}
    assert ids(check_queue(None)) == {f"desk.E{number}" for number in (103, 104, 105, 106, 107, 110)}


def test_the_redis_check_is_a_notice_and_not_a_warning(settings: Any) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"redis": "redis://127.0.0.1"}
    (message,) = [message for message in check_deployment(None) if message.id == "desk.I001"]
    assert not message.is_serious()
    assert message.level < WARNING


def test_a_misspelt_variable_and_passwords_in_the_clear_are_warned_of_at_each_start(settings: Any) -> None:
    assert check_settings(None) == []
    settings.MISSPELT_SETTINGS = [("DESK_ADRESS", "DESK_ADDRESS")]
    settings.PRODUCTION = settings.IS_PLAIN_HTTP = True
    misspelt, plain = run_checks(include_deployment_checks=False, tags=["settings"])
    assert (misspelt.id, misspelt.hint) == ("desk.W009", "Did you mean DESK_ADDRESS?")
    assert plain.id == "desk.W010"


def test_a_desk_that_encrypts_by_its_signing_key_is_warned(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = []
    assert "desk.W011" in ids(check_deployment(None))
    settings.ENCRYPTION_KEYS = ["x" * 40]
    assert "desk.W011" not in ids(check_deployment(None))
