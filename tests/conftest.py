"""What every test gets: an odd time zone, files in its own folder, a queue that listens, loopback only.

Tests marked `races` or `postgresql` run where the database is PostgreSQL. Tests with real transactions run last,
and each of them starts with the rows that migrations ship; they leave empty tables. Workers keep that order as long as
they are given tests in order (xdist's `--dist load`, the usual one; `worksteal` and `loadfile` do not).
"""

import gc
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.template import Context
from django.template.base import Template
from django.test import Client
from django.test import utils as test_utils
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.safestring import SafeString
from django_q.signing import SignedPackage
from pytest_django.plugin import DjangoDbBlocker

from customers import time_of_record
from escalation.clocks import ledger_guard
from escalation.policies.book import current_book
from escalation.working_time.lookup import forget_versions
from supportdesk.pages.board.shared import forget_shared_part
from tests.factories import NOW
from tests.hosts import stopped_clock
from tests.lastingrows import lasting_rows

# Seconds after which a test that takes real parts or many workers hangs, where it says nothing else.
BOUNDS = {"races": 300, "flow": 600, "upgrades": 1200}  # the upgrades run behind the flow
MAKING_TABLES = 600
ODD_ZONE = "Asia/Kathmandu"  # +05:45: neither UTC, nor the desk's usual zone, nor a whole hour


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(50_000, 20, 100)  # looking for garbage at every 700th object costs a seventh of all time
    os.environ["TZ"] = ODD_ZONE
    time.tzset()
    django_settings.TIME_ZONE = django_settings.DESK_TIME_ZONE = ODD_ZONE
    timezone.get_default_timezone.cache_clear()
    hypothesis.settings.register_profile("desk", deadline=None)  # a busy machine is no fault of an example
    hypothesis.settings.load_profile("desk")
    _wait_for_no_disk()
    _know_no_names_but_of_this_machine()
    _let_tests_empty_the_ledger()
    _tell_of_whole_pages_only()


def _wait_for_no_disk() -> None:
    """A busy disk takes its time. Whoever tests that it is waited for puts another function here."""
    os.fsync = lambda _handle: None


def _know_no_names_but_of_this_machine() -> None:
    """pytest-socket refuses connections; a name would still be asked for outside, and may take seconds."""
    resolve = socket.getaddrinfo

    def resolve_here(host: str | bytes | None, port: Any, *more: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host or "localhost"
        if name != "localhost" and any(sign.isalpha() for sign in name) and ":" not in name:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, port, *more, **options)

    socket.getaddrinfo = resolve_here


def _let_tests_empty_the_ledger() -> None:
    """After a test with real transactions all tables are emptied, which the ledger's triggers refuse."""
    operations: Any = type(connection.ops)
    flush = operations.execute_sql_flush

    def without_triggers(self: Any, statements: list[str]) -> None:
        tables = tuple(ledger_guard.KEYS)
        dropped, created = (
            ledger_guard.dropping(connection, *tables), ledger_guard.creating(connection, *tables)
        )  # fmt: skip
        flush(self, [*dropped, *statements, *created])

    operations.execute_sql_flush = without_triggers


def _tell_of_whole_pages_only() -> None:
    """`response.context` has the variables of the page. Of its hundreds of parts Django would copy them as well."""
    render = test_utils.instrumented_test_render

    def render_and_tell(template: Template, context: Context) -> SafeString:
        return (
            render(template, context) if context.template is template else template.nodelist.render(context)
        )

    test_utils.instrumented_test_render = render_and_tell


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Reading the tests on real parts costs a second, so that is left to who asks for them."""
    is_asked_for = "not flow" not in config.option.markexpr
    return None if is_asked_for or collection_path.name != "flow" else True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _leave_out_what_needs_postgresql(config, items)
    for item in items:
        if _is_transactional(item):
            item.add_marker(pytest.mark.django_db(transaction=True, serialized_rollback=True), append=False)
        for name, seconds in BOUNDS.items():
            if item.get_closest_marker(name) and not item.get_closest_marker("timeout"):
                item.add_marker(pytest.mark.timeout(seconds))
    items.sort(key=_is_transactional)


def _leave_out_what_needs_postgresql(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "postgresql" in django_settings.DATABASES["default"]["ENGINE"]:
        return
    left_out = [
        item for item in items if item.get_closest_marker("races") or item.get_closest_marker("postgresql")
    ]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def _is_transactional(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    wanted = {"transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(wanted) or bool(marker and marker.kwargs.get("transaction"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> float:
    """From here the tables are made, in time of their own: the seconds that the first test still has."""
    left, _every = signal.getitimer(signal.ITIMER_REAL)
    signal.setitimer(signal.ITIMER_REAL, MAKING_TABLES if left else 0)
    return left


@pytest.fixture(scope="session")
def django_db_setup(django_db_modify_db_settings: float, django_db_setup: None) -> None:
    """The tables stand: what was imported and built for them is no garbage and is not looked through again."""
    signal.setitimer(signal.ITIMER_REAL, django_db_modify_db_settings)
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def rows_of_the_module(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """What is written next to it stays for all tests of the module."""
    with lasting_rows(django_db_blocker):
        yield


@pytest.fixture(scope="session")
def _folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Names of folders, one for each test. Most tests write no file, and then no folder is made."""
    folder = tmp_path_factory.mktemp("files")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def _files_in_a_folder_of_the_test(_folders: Iterator[Path]) -> None:
    """Without Django's signals for six changes of a setting, which would cost half a millisecond a test."""
    folder = next(_folders)
    django_settings.MEDIA_ROOT = folder / "files"
    django_settings.OUTGOING_DIR = folder / "outgoing"
    django_settings.SMTP_URL = ""
    storage: Any = default_storage
    storage._clear_cached_properties("MEDIA_ROOT")


@pytest.fixture(autouse=True)
def _language_of_the_test() -> Iterator[None]:
    """Django's middleware leaves the language of the last browser behind, for whatever runs next in the thread."""
    with translation.override(translation.get_language()):
        yield


@pytest.fixture(scope="session")
def django_db_setup(  # noqa: F811 - it replaces the one of its name
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """pytest-django's, which does not know the connection that a test got in place of one that hung."""
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(autouse=True)
def _versions_of_the_test(request: pytest.FixtureRequest) -> None:
    """Rolled-back rows are numbered anew, so what was remembered by number is of another test."""
    forget_versions()
    forget_shared_part()
    marker = request.node.get_closest_marker("django_db")
    if marker is not None and marker.kwargs.get("transaction"):
        ContentType.objects.clear_cache()  # the flush before it numbered kinds of rows anew, too


@dataclass
class ListeningBroker:
    """Stands where django-q2's broker would be and keeps what was handed to it."""

    list_key: str = "tests"
    tasks: list[dict[str, Any]] = field(default_factory=list)

    def enqueue(self, package: str) -> int:
        self.tasks.append(SignedPackage.loads(package))
        return len(self.tasks)

    @property
    def names(self) -> list[str]:
        """The dotted paths of the queued functions, in order."""
        return [_dotted(task["func"]) for task in self.tasks]


def _dotted(function: str | Callable[..., Any]) -> str:
    return function if isinstance(function, str) else f"{function.__module__}.{function.__qualname__}"


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch) -> ListeningBroker:
    """What the test queued, by whatever module; `queued.names`, `queued.tasks`. No task runs by itself."""
    listening = ListeningBroker()
    monkeypatch.setattr("django_q.tasks.get_broker", lambda list_key=None: listening)
    return listening


@pytest.fixture
def now() -> datetime:
    """The moment tests speak of: a Wednesday noon in UTC. Pass it as `at` or `now`; nothing is frozen."""
    return NOW


@pytest.fixture
def frozen() -> Iterator[time_machine.Traveller]:
    """Stop the clock at `NOW` for code at the edges that reads it; `frozen.move_to` and `.shift` go on."""
    with stopped_clock(NOW) as traveller:
        yield traveller


@pytest.fixture(name="time_machine")
def _time_machine_that_moves_the_time_of_record(time_machine: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The plugin's own; PostgreSQL's clock cannot be moved, so the time of record is that of the host."""
    monkeypatch.setattr(time_of_record, "follows_database", lambda: False)
    return time_machine


@pytest.fixture
def login(client: Client) -> Callable[[User], Client]:
    """`login(user)` gives a client with that user signed in."""

    def signed_in(user: User) -> Client:
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def django_assert_num_queries(django_assert_num_queries: Any) -> Callable[..., Any]:
    """As pytest-django's, in a process that has read the policies: others may have pushed them out."""

    def asserting(*args: Any, **options: Any) -> Any:
        current_book()
        return django_assert_num_queries(*args, **options)

    return asserting


@pytest.fixture
def count_queries() -> Callable[[Callable[[], Any]], int]:
    """`count_queries(lambda: ...)`: how many queries a call costs in a process that has read the policies."""

    def counted(call: Callable[[], Any]) -> int:
        current_book()
        with CaptureQueriesContext(connection) as captured:
            call()
        return len(captured)

    return counted
