"""One id leads from a mail, or from a request, to the notification and its attempt, whichever process does what."""

import json
import logging
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django_q.signals import post_execute_in_worker, pre_execute

from customers.work_ids import current_work_id
from escalation.models import Notification
from escalation.tasks import dispatch_notifications
from supportdesk.log_lines import JsonFormatter
from supportdesk.processes.cluster import lane
from supportdesk.processes.cluster.task_ids import follow_tasks
from tests.factories import ContactFactory, CustomerFactory, set_desk, staff
from tests.rawmail import rawmail
from tests.talk import opened
from tickets import tasks
from tickets.models import OutboundEmail, Ticket
from tickets.services.intake import receive_raw

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def lines() -> Iterator[Callable[[str], list[str]]]:
    """The messages of the log's lines of JSON that have an id, as grep finds them."""
    written: list[dict[str, Any]] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(json.loads(self.format(record)))

    handler, root = Keeping(), logging.getLogger()
    handler.setFormatter(JsonFormatter())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda work_id: [line["message"] for line in written if line.get("id") == work_id]
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def lea() -> User:
    lea = staff("lea", groups=["Team lead"])
    set_desk(intake_owner=lea, duty_manager=lea)
    return lea


@pytest.mark.parametrize("together", [False, True])
def test_a_mail_is_followed_to_its_notification_and_answer(
    lea: User, now: datetime, lines: Callable[[str], list[str]], together: bool
) -> None:
    ContactFactory(email="li@company.example", customer=CustomerFactory(account_manager=lea))
    row = receive_raw(raw=rawmail(subject="[P0] Black screen"), received_at=now, via="lmtp")
    other = receive_raw(
        raw=rawmail(message_id="<two@x.example>", sender="mo@x.example"), received_at=now, via="imap"
    )
    _work = tasks.process_stored() if together else [tasks.process_one(each.pk) for each in (row, other)]
    dispatch_notifications()
    tasks.deliver_outbox()
    row.refresh_from_db()
    notification = Notification.objects.get(ticket=row.ticket)
    mails = OutboundEmail.objects.filter(ticket=row.ticket)
    assert {notification.work_id, *mails.values_list("work_id", flat=True)} == {f"mail-{row.pk}"}
    told = mails.get(purpose="notification")
    attempt = notification.attempts.get()
    ticket = row.ticket_id
    said = lines(f"mail-{row.pk}")
    assert said[0] == f"Mail {row.pk} came by lmtp and is stored: {row.size} bytes"
    assert f"Mail {row.pk} is processed: ticket {ticket}, message {row.message_id}" in said
    about = f"Notification {notification.pk} (paged) about SD#{ticket}"
    assert f"{about}: attempt {attempt.pk} by mail is queued" in said
    assert f"Outgoing mail {told.pk} (notification) about SD#{ticket} is accepted" in said
    assert not any(f"Mail {other.pk} " in line for line in said)
    assert not any("@" in line for line in said)


@pytest.fixture
def ticket(lea: User) -> Ticket:
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=lea)))


def test_a_request_is_followed_to_the_mail_of_its_answer(
    login: Callable[[User], Client], lea: User, ticket: Ticket, lines: Callable[[str], list[str]]
) -> None:
    data = {"token": str(uuid.uuid4()), "seen": str(ticket.messages.get().pk), "body": "Set the codec."}
    url = reverse("admin:tickets_ticket_act", args=[ticket.pk, "reply"])
    response = login(lea).post(url, data, headers={"X-Request-ID": "proxy-7f"})
    assert response.headers["X-Request-ID"] == "proxy-7f"
    mail = OutboundEmail.objects.get(purpose="reply")
    assert mail.work_id == "proxy-7f"
    tasks.deliver_outbox()
    assert f"Outgoing mail {mail.pk} (reply) about SD#{ticket.pk} is accepted" in lines("proxy-7f")
    assert current_work_id() == ""


def test_a_request_with_an_id_that_could_fake_lines_gets_another(client: Client) -> None:
    answer = client.get("/healthz/live", headers={"X-Request-ID": 'x" ERROR: paid'})
    assert answer.headers["X-Request-ID"].startswith("req-")


def test_colleagues_learn_how_long_a_page_took_and_strangers_do_not(
    login: Callable[[User], Client], lea: User, client: Client
) -> None:
    said = login(lea).get(reverse("admin:index")).headers["Server-Timing"]
    total, database = (float(part.partition("dur=")[2].partition(";")[0]) for part in said.split(", "))
    assert total >= database > 0
    assert 'desc="' in said
    assert "Server-Timing" not in Client().get(reverse("admin:login")).headers


def test_the_lines_of_a_task_have_its_id() -> None:
    follow_tasks()
    pre_execute.send(sender="django_q", func=print, task={"id": "0123456789abcdef0123", "name": "x"})
    assert current_work_id() == "task-0123456789abcdef"
    post_execute_in_worker.send(sender="django_q", func=print, task={})
    assert current_work_id() == ""


def test_each_turn_of_the_lane_has_an_id() -> None:
    seen: list[str] = []
    for _turn in range(2):
        lane.do_safely("sweep", lambda _pause: seen.append(current_work_id()), lane.Pulse())
    assert [each.partition("-")[0] for each in seen] == ["sweep", "sweep"]
    assert len(set(seen)) == 2
