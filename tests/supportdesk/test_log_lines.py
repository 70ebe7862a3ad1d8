"""A refusal is one line in the log; a fault of the desk keeps its traceback."""

import logging
import logging.config
from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

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
