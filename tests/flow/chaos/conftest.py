"""A whole desk under load, with a database server that may be restarted."""

import logging
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tests.flow.chaos.colleague import Colleague
from tests.flow.chaos.database import OwnServer
from tests.flow.chaos.load import Customers
from tests.flow.chaos.picking import picking
from tests.flow.desk import FreshDesk
from tests.flow.outside import Outside
from tests.flow.world import ADDRESS


@dataclass
class Stage:
    """The desk with everything around it; `start` and `stop` are those of the load."""

    desk: FreshDesk
    server: OwnServer
    outside: Outside
    customers: Customers
    colleague: Colleague
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self.threads = [
            threading.Thread(target=person.work, daemon=True) for person in (self.customers, self.colleague)
        ]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Wait until what was begun is taken."""
        self.customers.stopped.set()
        self.colleague.stopped.set()
        for thread in self.threads:
            thread.join(200)
            assert not thread.is_alive(), "what was sent is never taken"


@pytest.fixture
def server() -> Iterator[OwnServer]:
    """Not in pytest's own folders: those are closed to the user that PostgreSQL runs as."""
    with TemporaryDirectory(prefix="desk-chaos-") as folder, OwnServer(Path(folder)).running() as server:
        yield server


@pytest.fixture
def rows(server: OwnServer, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Lets the test read the rows of the desk's own database."""
    assert connection.vendor == "postgresql", "run it as `.ci/postgres python -m pytest -m chaos`"
    connection.close()
    before = dict(connection.settings_dict)
    connection.settings_dict.update(server.settings)
    with django_db_blocker.unblock():
        yield
        connection.close()
    connection.settings_dict.update(before)


@pytest.fixture
def stage(server: OwnServer, rows: None, seed: int, tmp_path: Path) -> Iterator[Stage]:
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    with ExitStack() as stack:
        outside = stack.enter_context(Outside().running())
        words = {
            "DATABASE_URL": server.url,
            "SMTP_URL": f"smtp://127.0.0.1:{outside.port}",
            "DESK_ADDRESS": ADDRESS,
        }
        desk = FreshDesk(tmp_path, words)
        desk.copy()
        stack.enter_context(desk.running())
        desk.manage("shell", "-c", "from tests.flow.chaos.people import build; build()")
        customers = Customers(desk.lmtp_port, random.Random(seed))
        stage = Stage(desk, server, outside, customers, Colleague(desk, picking(random.Random(seed))))
        try:
            yield stage
        finally:
            stage.customers.stopped.set()
            stage.colleague.stopped.set()
