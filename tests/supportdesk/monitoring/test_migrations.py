"""New code before its migrations: health names them, and pages that need them say that the desk is being updated."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime

import pytest
from django.db import ProgrammingError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import reverse

from supportdesk.monitoring import health as health_module
from supportdesk.monitoring.check_results import Check
from supportdesk.monitoring.health import health
from supportdesk.monitoring.migrations import _CodeOfThisProcess, unapplied_migrations
from tests.factories import AdminFactory, HeartbeatFactory


@pytest.fixture(autouse=True)
def _process_that_just_started(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_CodeOfThisProcess, "is_served", False)


@pytest.fixture
def behind(now: datetime) -> str:
    """A database to which the newest migration of an app was not applied yet."""
    HeartbeatFactory(name="sweep", at=now)
    AdminFactory(email="root@desk.example")
    last = MigrationRecorder.Migration.objects.filter(app="tickets").latest("name")
    last.delete()
    return f"tickets.{last.name}"


def test_a_database_that_lacks_a_migration_is_a_problem_that_names_it(behind: str, now: datetime) -> None:
    [problem] = health(now=now).problems
    assert problem.check is Check.MIGRATIONS
    assert f"The database lacks migrations of this version: {behind}." in problem.text


def test_an_up_to_date_database_is_asked_once_in_the_life_of_a_process(
    django_assert_num_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    with django_assert_num_queries(2):  # whether there is a table of them, and its rows
        assert unapplied_migrations() == []
    with django_assert_num_queries(0):
        assert unapplied_migrations() == []


def no_such_column(_now: datetime) -> Iterator[None]:
    raise ProgrammingError('column "retry_at" does not exist')
    yield


def test_checks_that_need_a_missing_migration_do_not_hide_it(
    behind: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_module, "PROBLEM_CHECKS", (no_such_column,))
    assert [problem.check for problem in health(now=now).problems] == [Check.MIGRATIONS]


def page_without_its_column(client: Client, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    def fail(**_more: object) -> None:
        raise ProgrammingError('column "retry_at" does not exist')

    monkeypatch.setattr("supportdesk.pages.operations.operations", fail)
    client.force_login(AdminFactory())
    client.raise_request_exception = False
    answer = client.get(reverse("admin:operations"))
    return answer.status_code, answer.content.decode()


def test_a_page_that_needs_a_missing_migration_says_that_the_desk_is_being_updated(
    behind: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, html = page_without_its_column(client, monkeypatch)
    assert (status, "The desk is being updated" in html) == (503, True)


def test_the_same_fault_on_a_database_with_all_migrations_is_a_fault_of_the_desk(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, html = page_without_its_column(client, monkeypatch)
    assert (status, "The desk is being updated" in html) == (500, False)
