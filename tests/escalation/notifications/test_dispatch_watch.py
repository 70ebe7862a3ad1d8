"""What becomes due by itself leaves within seconds: the sweep's rounds ask the queue, and send nothing themselves."""

from datetime import datetime, timedelta

import pytest

from escalation.choices import Medium, NoticeKind, NotificationState
from escalation.enforcement.sweep_loop import sweep_in_rounds
from escalation.models import Notification
from escalation.notifications.channels import apprise_services
from escalation.notifications.dispatch_watch import OverdueWatch
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from tests.factories import NOW, ClockFactory, ContactWayFactory, NotificationFactory, TicketFactory, staff
from tests.imfake import standing_in
from tests.talk import dispatched, minute
from tickets.choices import OutboxState
from tickets.models import OutboundEmail

pytestmark = pytest.mark.django_db(transaction=True)

DISPATCH = "escalation.tasks.dispatch_notifications"
SECOND = timedelta(seconds=1)


class Desk:
    """A minute of rounds in which the queue does at once what it is asked for."""

    def __init__(self, start: datetime, queued) -> None:
        self.now, self.queued, self.nudges = start, queued, 0

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> bool:
        nudges, self.queued.tasks[:] = self.queued.names.count(DISPATCH), []
        self.nudges += nudges
        if nudges:
            dispatched((self.now - minute(0)) / timedelta(minutes=1))
        self.now += timedelta(seconds=seconds)
        return True

    def minute_of_rounds(self) -> None:
        sweep_in_rounds(read_clock=self, pause=self.pause)


def notify(recipient, *channels, at: float, priority: int = 2) -> Notification:
    clock = ClockFactory(ticket=TicketFactory(priority=priority), next_step_at=None)
    return tell(recipient, Notice(NoticeKind.REMINDER, clock.ticket, clock), at=minute(at), channels=channels)


def test_second_and_third_tries_leave_within_seconds_of_their_time(queued, settings, monkeypatch):
    settings.ALLOW_PRIVATE_TARGETS = True
    ann = staff("ann")
    ContactWayFactory(user=ann)
    with standing_in() as wecom:
        plugin = apprise_services.GATEWAYS["wecombot"].plugin
        monkeypatch.setattr(plugin, "notify_url", f"{wecom.url}/send?key={{key}}")
        wecom.status = 500
        row = notify(ann, Medium.CHAT, at=3)
        dispatched(3)
        desk = Desk(minute(3), queued)
        for _minute in range(3):
            desk.minute_of_rounds()
    first, second, third, mail = row.attempts.order_by("pk").values_list("at", flat=True)
    assert timedelta(seconds=30) <= second - first <= timedelta(seconds=34)
    assert timedelta(seconds=120) <= third - second <= timedelta(seconds=124)
    assert mail == third


def test_notifications_held_for_their_minute_leave_when_it_ends(queued):
    ann = staff("ann")
    for _number in range(3):
        notify(ann, Medium.MAIL, at=3)
    dispatched(3)
    late = [notify(ann, Medium.MAIL, at=3.1) for _number in range(4)]
    dispatched(3.1)
    Desk(minute(3.1), queued).minute_of_rounds()
    assert OutboundEmail.objects.count() == 4
    sent = set(Notification.objects.filter(pk__in=[row.pk for row in late]).values_list("sent_at", flat=True))
    assert len(sent) == 1
    assert timedelta(0) <= sent.pop() - minute(4) <= timedelta(seconds=4)


def test_the_watch_nudges_nothing_in_a_quiet_minute(queued):
    NotificationFactory(next_try_at=minute(60))
    NotificationFactory(next_try_at=None, state=NotificationState.SENT)
    desk = Desk(minute(0), queued)
    desk.minute_of_rounds()
    assert desk.nudges == 0


def test_a_queue_that_does_not_respond_is_asked_every_ten_seconds_only(queued):
    NotificationFactory(next_try_at=NOW)
    watch = OverdueWatch()
    asked_at = [second for second in range(0, 30, 2) if watch.look(now=NOW + second * SECOND)]
    assert asked_at == [2, 12, 22]


def test_a_notification_that_became_due_after_a_nudge_is_nudged_for_at_once(queued):
    NotificationFactory(next_try_at=NOW)
    NotificationFactory(next_try_at=NOW + 3 * SECOND)
    watch = OverdueWatch()
    assert [second for second in range(0, 10, 2) if watch.look(now=NOW + second * SECOND)] == [2, 4]


def test_a_notification_just_written_is_not_nudged_for_again(queued):
    NotificationFactory(next_try_at=NOW)
    assert not OverdueWatch().look(now=NOW + timedelta(milliseconds=999))
    assert OverdueWatch().look(now=NOW + SECOND)


def test_the_next_person_is_notified_of_a_refused_mail_within_seconds(queued):
    boss = staff("boss")
    notify(staff("ann", reports_to=boss), Medium.MAIL, at=3)
    dispatched(3)
    OutboundEmail.objects.update(state=OutboxState.FAILED, answer="550 no such user")
    Desk(minute(3.5), queued).minute_of_rounds()
    instead = Notification.objects.get(kind=NoticeKind.UNREACHED)
    assert instead.recipient == boss
    assert instead.created_at - minute(3.5) <= timedelta(seconds=2)


def test_the_watch_costs_at_most_two_queries(queued, django_assert_num_queries):
    with django_assert_num_queries(2):
        OverdueWatch().look(now=NOW)
    NotificationFactory.create_batch(3, next_try_at=NOW)
    with django_assert_num_queries(1):
        OverdueWatch().look(now=NOW + SECOND)


def test_a_queue_that_is_down_stops_no_sweep(monkeypatch):
    NotificationFactory(next_try_at=minute(0))

    def away(list_key: str | None = None) -> None:
        raise ConnectionError("redis is away")

    monkeypatch.setattr("django_q.tasks.get_broker", away)
    now = minute(1)
    sweep_in_rounds(read_clock=lambda: now, pause=lambda seconds: False)
    assert Notification.objects.get().state == NotificationState.PENDING


def test_a_quiet_round_costs_three_queries(count_queries):
    """Not the first one, which leaves the heartbeats too: what is due, what is to be sent, refused."""

    def cost(rounds: int) -> int:
        goes_on = iter([True] * (rounds - 1) + [False])
        return count_queries(
            lambda: sweep_in_rounds(read_clock=lambda: minute(0), pause=lambda seconds: next(goes_on))
        )

    cost(1)
    assert cost(5) - cost(1) == 4 * 3
