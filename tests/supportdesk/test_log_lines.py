"""A refusal is one line in the log; a fault of the desk keeps its traceback."""

import json
import logging
import logging.config
import os
import sys
from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from customers.work_ids import working_on
from supportdesk.log_lines import HOST, JsonFormatter, LineFormatter
from tests.factories import staff


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The lines that the console would show."""
    configured = logging.config.DictConfigurator(settings.LOGGING)
    filters = [configured.configure_filter(each) for each in settings.LOGGING["filters"].values()]
    formatter = logging.Formatter("{levelname} {name}: {message}", style="{")
    for each in filters:
        caplog.handler.addFilter(each)

    def lines() -> list[str]:
        return "\n".join(map(formatter.format, caplog.records)).splitlines()

    return lines


@pytest.mark.django_db
def test_a_person_without_the_right_leaves_one_line(
    login: Callable[[User], Client], written: Callable[[], list[str]]
) -> None:
    client = login(staff("nobody"))
    assert client.get(reverse("admin:operations")).status_code == 403
    assert written() == ["WARNING django.request: Forbidden (Permission denied): /operations/"]


def test_a_fault_of_the_desk_keeps_its_traceback(written: Callable[[], list[str]]) -> None:
    try:
        raise RuntimeError("a bug")
    except RuntimeError:
        logging.getLogger("django.request").exception("Internal Server Error", extra={"status_code": 500})
    assert written()[-1] == "RuntimeError: a bug"


def formatted(formatter: logging.Formatter, text: str, *words: object, error: bool = False) -> str:
    try:
        raise RuntimeError("a bug\nof two lines")
    except RuntimeError:
        info = sys.exc_info() if error else None
    record = logging.LogRecord("tickets.tasks", logging.INFO, "x.py", 1, text, words, info)
    record.created = 1_795_000_000.25
    return formatter.format(record)


def test_a_line_has_time_with_zone_host_and_what_is_being_worked_on() -> None:
    head = f"2026-11-18T11:06:40.250+00:00 {HOST} INFO tickets.tasks"
    with working_on("mail-12"):
        assert formatted(LineFormatter(), "Mail %s", 12) == f"{head} mail-12: Mail 12"
    assert formatted(LineFormatter(), "Ready") == f"{head}: Ready"
    assert formatted(LineFormatter(), "No", error=True).splitlines()[-2:] == [
        "RuntimeError: a bug",
        "of two lines",
    ]


def test_json_is_one_object_on_one_line_also_with_a_traceback() -> None:
    with working_on("req-1"):
        line = formatted(JsonFormatter(), 'It said "%s"\n', "\u4f60\u597d", error=True)
    assert "\n" not in line
    read = json.loads(line)
    assert read.pop("exception").endswith("RuntimeError: a bug\nof two lines")
    assert read == {
        "time": "2026-11-18T11:06:40.250+00:00", "host": HOST, "level": "INFO", "logger": "tickets.tasks",
        "id": "req-1", "process": os.getpid(), "message": 'It said "\u4f60\u597d"\n',
    }  # fmt: skip


@pytest.mark.parametrize(("form", "kind"), [("line", LineFormatter), ("json", JsonFormatter)])
def test_the_settings_name_formatters_that_there_are(form: str, kind: type) -> None:
    configured = logging.config.DictConfigurator(settings.LOGGING)
    assert isinstance(configured.configure_formatter(settings.LOGGING["formatters"][form]), kind)
