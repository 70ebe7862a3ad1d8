"""Somebody holds a lock, or the database hangs: nobody waits for long, everybody hears why, and nothing is lost."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import ServicePlan
from escalation.enforcement.sweep import sweep
from escalation.lib.snapshot import one_snapshot
from escalation.models import Escalation
from supportdesk import work_kinds
from supportdesk.monitoring.lock_holders import lock_holders
from supportdesk.work_kinds import LANE, WEB, WorkKind, begin_work
from tests.adminpages import page_url
from tests.factories import AdminFactory, CustomerFactory, HeartbeatFactory, set_desk, staff
from tests.talk import minute, opened
from tickets.models import Ticket

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

SHORT = replace(WEB, lock=0.2, query=0.5)


@pytest.fixture
def working_as(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[WorkKind], None]]:
    """`working_as(kind)` opens the connection anew as that kind of work."""

    def begin(kind: WorkKind) -> None:
        begin_work(kind)
        connection.close()

    before = work_kinds.current_work()
    yield begin
    begin(before)


@contextmanager
def elsewhere(*statements: str, name: str = "desk sweep far-away") -> Iterator[psycopg.Connection[Any]]:
    """A session of another host, in a transaction in which it has done this."""
    words = connection.get_connection_params()
    given = {key: words[key] for key in ("dbname", "user", "password", "host", "port")}
    with psycopg.connect(**given, application_name=name) as session:
        for statement in statements:
            session.execute(statement)
        yield session
        session.rollback()


def shown(*names: str) -> list[str]:
    with connection.cursor() as cursor:
        return [cursor.execute(f"SHOW {name}").fetchone()[0] for name in names]


LIMITS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")


def test_a_session_says_who_it_is_and_how_long_it_may_wait(working_as: Callable[[WorkKind], None]) -> None:
    working_as(WEB)
    assert shown(*LIMITS) == ["5s", "15s", "1min"]
    assert shown("tcp_keepalives_idle", "tcp_keepalives_count", "tcp_user_timeout") == ["10", "3", "25000"]
    assert shown("application_name") == [f"desk web {socket.gethostname()}"[:63]]
    assert psycopg.conninfo.conninfo_to_dict(connection.connection.info.dsn)["tcp_user_timeout"] == "25000"


def test_behind_a_pooler_limits_end_with_their_transaction(
    working_as: Callable[[WorkKind], None], settings: Any
) -> None:
    settings.DATABASE_POOLED = True
    working_as(WEB)
    before = shown(*LIMITS)
    with transaction.atomic():
        assert shown(*LIMITS) == ["5s", "15s", "1min"]
        with transaction.atomic():
            assert shown("lock_timeout") == ["5s"]
    with one_snapshot():
        assert shown("lock_timeout", "transaction_isolation") == ["5s", "repeatable read"]
    assert shown(*LIMITS) == before == ["0", "0", "0"]


@pytest.fixture
def ticket() -> Ticket:
    set_desk(duty_manager=staff("duty"))
    ann = staff("ann", reports_to=staff("boss"))
    return opened(contact=CustomerFactory(account_manager=ann).contacts.create(email="li@company.example"))


def locking(ticket: Ticket) -> str:
    return f"SELECT 1 FROM tickets_ticket WHERE id = {ticket.pk} FOR UPDATE"


def test_an_answer_that_waits_for_a_lock_is_refused_with_a_sentence_and_its_words_are_kept(
    ticket: Ticket, working_as: Callable[[WorkKind], None], login: Callable[[User], Client]
) -> None:
    client = login(AdminFactory())
    page = client.get(page_url(ticket))
    token = page.context["forms"]["reply"]["token"].value()
    seen = ticket.messages.get().pk
    form = {"token": token, "seen": seen, "body": "Please update to 2.1.", "then": "", "copies": ""}
    address = reverse("admin:tickets_ticket_act", args=[ticket.pk, "reply"])
    working_as(SHORT)
    with elsewhere(locking(ticket)):
        refused = client.post(address, form)
    assert refused.status_code == 200
    assert "Not saved: somebody else is changing this at the moment." in refused.content.decode()
    assert "Please update to 2.1." in refused.content.decode()
    assert ticket.messages.count() == 1
    assert client.post(address, form).status_code == 302
    assert ticket.messages.filter(body="Please update to 2.1.").exists()


def test_any_other_form_gets_a_page_that_sends_it_again(
    working_as: Callable[[WorkKind], None], login: Callable[[User], Client]
) -> None:
    plan = ServicePlan.objects.create(code="gold", name="Gold")
    client = login(AdminFactory())
    client.raise_request_exception = False
    working_as(SHORT)
    with elsewhere(f"SELECT 1 FROM customers_serviceplan WHERE id = {plan.pk} FOR UPDATE"):
        page = client.post(page_url(plan), {"code": "gold", "name": 'Gold "24x7"'})
    assert page.status_code == 503
    assert "Somebody else is changing this" in page.content.decode()
    assert '<input type="hidden" name="name" value="Gold &quot;24x7&quot;">' in page.content.decode()


def test_a_page_whose_query_takes_too_long_says_so(
    working_as: Callable[[WorkKind], None], login: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = login(AdminFactory())
    client.raise_request_exception = False
    working_as(SHORT)

    def slow(**_given: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")

    monkeypatch.setattr("supportdesk.pages.operations.operations", slow)
    page = client.get("/operations/")
    assert page.status_code == 503
    assert "This took too long" in page.content.decode()


def test_the_sweep_goes_on_with_others_while_a_host_that_vanished_holds_a_ticket(
    ticket: Ticket, working_as: Callable[[WorkKind], None]
) -> None:
    other = opened(contact=CustomerFactory().contacts.create(email="wu@other.example"))
    working_as(LANE)
    with elsewhere(locking(ticket)):
        report = sweep(now=minute(31))
    assert (report.acted, report.busy) == (1, 1)
    assert Escalation.objects.get(step__percent=100).clock.ticket == other


def test_who_holds_a_lock_for_long_is_named(ticket: Ticket) -> None:
    now = timezone.now()
    with elsewhere(locking(ticket)) as session:
        assert lock_holders(now=now) == []
        [holder] = lock_holders(now=now + timedelta(seconds=62))
        assert (holder.pid, holder.part, holder.host) == (session.info.backend_pid, "sweep", "far-away")
        assert holder.doing == "idle in transaction after SELECT FOR UPDATE"
        assert abs(holder.since - now) < timedelta(seconds=5)
    with elsewhere("SELECT count(*) FROM tickets_ticket"):
        assert lock_holders(now=now + timedelta(seconds=62)) == []  # who only reads holds nobody up


def test_who_waits_is_counted(ticket: Ticket, working_as: Callable[[WorkKind], None]) -> None:
    with elsewhere(locking(ticket)) as holder, elsewhere() as waiter:
        thread = threading.Thread(target=lambda: waiter.execute(locking(ticket)))
        thread.start()
        holders = lock_holders(now=timezone.now() + timedelta(hours=1))
        deadline = time.monotonic() + 20
        while not any(each.waiting for each in holders) and time.monotonic() < deadline:
            holders = lock_holders(now=timezone.now() + timedelta(hours=1))
        assert {each.pid: each.waiting for each in holders}[holder.info.backend_pid] == 1
        holder.rollback()
        thread.join()


@pytest.fixture
def monitor(client: Client) -> Iterator[Client]:
    """Health gives up a connection that hangs. That of the tests knows what their tables held at first."""
    held: str = connections["default"]._test_serialized_contents
    AdminFactory()  # without whom no desk is well
    yield client
    connections["default"]._test_serialized_contents = held


def asked_within(seconds: float, client: Client) -> tuple[int, dict[str, str]]:
    began = time.monotonic()
    answer = client.get("/healthz")
    assert time.monotonic() - began < seconds
    return answer.status_code, answer.json()["checks"]


@pytest.mark.parametrize("table", ["escalation_heartbeat", "tickets_outboundemail"])
def test_health_answers_in_time_while_somebody_holds_a_table(monitor: Client, table: str) -> None:
    HeartbeatFactory(name="sweep", at=timezone.now())
    with elsewhere(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"):
        status, checks = asked_within(3, monitor)
    assert (status, checks["database"], checks["sweep"]) == (503, "unwell", "unknown")
    assert asked_within(3, monitor)[0] == 200


class Swallowing:
    """A proxy before the database that can stop passing anything on, as a cut cable would."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.is_open = threading.Event()
        self.is_open.set()
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                ours, _address = self.server.accept()
            except OSError:
                return
            theirs = socket.create_connection(self.target)
            for source, target in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self.is_open.wait()
                target.sendall(data)
        except OSError:
            pass
        finally:
            target.close()


@pytest.fixture
def cable(monitor: Client) -> Iterator[Swallowing]:
    """The connection of this thread goes through it."""
    words = connection.settings_dict
    before = dict(words)
    swallowing = Swallowing(words["HOST"], int(words["PORT"]))
    connection.close()
    words["HOST"], words["PORT"] = "127.0.0.1", str(swallowing.server.getsockname()[1])
    yield swallowing
    swallowing.is_open.set()
    connections["default"].close()
    words |= {"HOST": before["HOST"], "PORT": before["PORT"]}
    swallowing.server.close()
    _end_what_was_given_up()


def _end_what_was_given_up() -> None:
    """The server has work of connections that nobody has any more; the tables cannot be emptied beside it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize("is_connected", [True, False])
def test_health_answers_in_time_while_the_database_swallows_everything(
    monitor: Client, cable: Swallowing, is_connected: bool
) -> None:
    HeartbeatFactory(name="sweep", at=timezone.now())
    assert asked_within(3, monitor)[0] == 200
    if not is_connected:
        connection.close()
    cable.is_open.clear()
    status, checks = asked_within(3, monitor)
    assert (status, checks["database"]) == (503, "unwell")
    cable.is_open.set()
    assert asked_within(3, monitor)[0] == 200


def test_a_lock_wait_outside_a_page_stays_a_database_fault(
    ticket: Ticket, working_as: Callable[[WorkKind], None]
) -> None:
    """Which no task takes for a refusal: its mail waits and is tried again."""
    working_as(SHORT)
    with elsewhere(locking(ticket)), pytest.raises(OperationalError), transaction.atomic():
        Ticket.objects.select_for_update().get(pk=ticket.pk)
