"""What the lane does: promises are enforced and urgent notifications sent, and nothing else is touched."""

from collections.abc import Callable

import pytest
import time_machine

from escalation.choices import NoticeKind, NotificationState
from escalation.models import Escalation, Heartbeat, Notification
from escalation.notifications import mail_outcomes
from escalation.notifications.mail_outcomes import follow_mail
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from supportdesk import tasks
from supportdesk.models import Cluster
from tests.factories import (
    ClusterFactory,
    NotificationFactory,
    OutboundEmailFactory,
    TicketFactory,
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


@pytest.mark.parametrize("was_accepted", [False, True])
def test_a_page_whose_mail_is_refused_pages_the_next_person_without_the_queue(pauses, frozen, was_accepted):
    frozen.move_to(minute(1))
    boss = staff("boss")
    page = tell(
        staff("ann", reports_to=boss), Notice(NoticeKind.PAGED, TicketFactory(priority=0)), at=minute(0)
    )
    tasks.page(pauses[1])
    if was_accepted:
        OutboundEmail.objects.update(state=OutboxState.ACCEPTED, answer="250 ok")
        follow_mail(now=minute(1))
    OutboundEmail.objects.update(state=OutboxState.BOUNCED, answer="550 no such user")
    for _turn in range(2):
        tasks.page(pauses[1])
    assert Notification.objects.get(pk=page.pk).state == NotificationState.FAILED
    instead = Notification.objects.exclude(pk=page.pk).get()
    assert (instead.kind, instead.recipient, instead.state) == (
        NoticeKind.UNREACHED,
        boss,
        NotificationState.SENT,
    )


def test_a_refused_mail_of_a_page_that_is_still_being_sent_otherwise_is_left_alone(pauses, frozen):
    """Whoever is sending it decides at the end, when it knows what became of the other ways."""
    frozen.move_to(minute(1))
    page = tell(
        staff("ann", reports_to=staff("boss")),
        Notice(NoticeKind.PAGED, TicketFactory(priority=0)),
        at=minute(0),
    )
    tasks.page(pauses[1])
    OutboundEmail.objects.update(state=OutboxState.FAILED, answer="550 no such user")
    Notification.objects.update(state=NotificationState.PENDING, next_try_at=minute(3))
    tasks.page(pauses[1])
    assert Notification.objects.get().pk == page.pk
    Notification.objects.update(state=NotificationState.SENT, next_try_at=None)
    tasks.page(pauses[1])
    assert Notification.objects.filter(kind=NoticeKind.UNREACHED).count() == 1


def test_a_refusal_that_cannot_be_followed_keeps_no_page_waiting(pauses, frozen, monkeypatch, caplog):
    frozen.move_to(minute(1))
    notice = Notice(NoticeKind.PAGED, TicketFactory(priority=0))
    tell(staff("ann", reports_to=staff("boss")), notice, at=minute(0))
    tasks.page(pauses[1])
    OutboundEmail.objects.update(state=OutboxState.FAILED, answer="550 no such user")
    second = tell(staff("bob"), notice, at=minute(1))

    def fail(*_args: object, **_options: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(mail_outcomes, "tell_next", fail)
    tasks.page(pauses[1])
    assert Notification.objects.get(pk=second.pk).state == NotificationState.SENT
    assert "cannot be followed" in caplog.text


def test_an_unreachable_mail_server_is_left_alone_for_a_minute(pauses, frozen, settings):
    settings.SMTP_URL = f"smtp://127.0.0.1:{closed_port()}"
    frozen.move_to(minute(1))
    NotificationFactory(recipient=staff("ann"), is_urgent=True, next_try_at=minute(0))
    tasks.page(pauses[1])
    tasks.mail_pages(pauses[1])
    assert pauses[0] == [tasks.LOOK_EVERY, tasks.SERVER_AWAY]


def test_looking_for_something_urgent_locks_and_writes_nothing(pauses, count_queries):
    NotificationFactory(recipient=staff("ann"), is_urgent=False)
    assert count_queries(lambda: tasks.page(pauses[1])) == 2
    assert count_queries(lambda: tasks.mail_pages(pauses[1])) == 1
