"""What the lane does: promises are enforced and urgent notifications sent, and nothing else is touched."""

from collections.abc import Callable

import pytest
import time_machine

from escalation.choices import NotificationState
from escalation.models import Escalation, Heartbeat, Notification
from supportdesk import tasks
from supportdesk.models import Cluster
from tests.factories import (
    ClusterFactory,
    NotificationFactory,
    OutboundEmailFactory,
    set_desk,
    staff,
)
from tests.imfake import closed_port
from tests.talk import minute, opened
from tickets.choices import MailPurpose, OutboxState
from tickets.models import OutboundEmail

pytestmark = pytest.mark.django_db

Pauses = list[float]


@pytest.fixture
def pauses(frozen: time_machine.Traveller) -> tuple[Pauses, Callable[[float], bool]]:
    """What the lane waited for; time stands still but for that."""
    waited: Pauses = []

    def pause(seconds: float) -> bool:
        waited.append(seconds)
        frozen.shift(seconds)
        return len(waited) < 3

    return waited, pause


def test_the_lane_enforces_and_shows_it_on_the_row_of_its_cluster(pauses, frozen, monkeypatch):
    monkeypatch.setenv("DESK_CLUSTER", "here:1")
    monkeypatch.setattr("customers.time_of_record.find_jump", lambda: None)  # the clock of the test is set
    ClusterFactory(name="here:1")
    set_desk(duty_manager=staff("duty"))
    opened()
    frozen.move_to(minute(31))
    tasks.sweep_for_a_minute(pauses[1])
    assert Escalation.objects.filter(step__percent=100).count() == 1
    assert Cluster.objects.get().swept_at == minute(31) == Heartbeat.objects.get(name="sweep").at
    assert pauses[0] == [2.0, 2.0, 2.0]


def test_the_lane_sends_what_is_urgent_and_leaves_the_rest_to_the_queue(pauses, frozen):
    frozen.move_to(minute(1))
    for is_urgent in (True, False):
        NotificationFactory(recipient=staff(f"ann-{is_urgent}"), is_urgent=is_urgent, next_try_at=minute(0))
    tasks.page(pauses[1])
    assert dict(Notification.objects.values_list("is_urgent", "state")) == {
        True: NotificationState.SENT,
        False: NotificationState.PENDING,
    }
    assert pauses[0] == [tasks.LOOK_EVERY]


def test_the_mail_of_a_page_overtakes_every_other_mail(pauses, frozen, settings, tmp_path):
    settings.SMTP_URL, settings.OUTGOING_DIR = "", tmp_path
    frozen.move_to(minute(1))
    OutboundEmailFactory(purpose=MailPurpose.REPLY, next_try_at=minute(0))
    NotificationFactory(recipient=staff("ann"), is_urgent=True, next_try_at=minute(0))
    tasks.page(pauses[1])
    tasks.mail_pages(pauses[1])
    assert dict(OutboundEmail.objects.values_list("purpose", "state")) == {
        MailPurpose.REPLY: OutboxState.QUEUED,
        MailPurpose.NOTIFICATION: OutboxState.ACCEPTED,
    }
    assert pauses[0] == [tasks.LOOK_EVERY] * 2


def test_an_unreachable_mail_server_is_left_alone_for_a_minute(pauses, frozen, settings):
    settings.SMTP_URL = f"smtp://127.0.0.1:{closed_port()}"
    frozen.move_to(minute(1))
    NotificationFactory(recipient=staff("ann"), is_urgent=True, next_try_at=minute(0))
    tasks.page(pauses[1])
    tasks.mail_pages(pauses[1])
    assert pauses[0] == [tasks.LOOK_EVERY, tasks.SERVER_AWAY]


def test_looking_for_something_urgent_locks_and_writes_nothing(pauses, count_queries):
    NotificationFactory(recipient=staff("ann"), is_urgent=False)
    assert count_queries(lambda: tasks.page(pauses[1])) == 1
    assert count_queries(lambda: tasks.mail_pages(pauses[1])) == 1
