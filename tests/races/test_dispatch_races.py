"""Several dispatchers at once, on PostgreSQL with real connections: each notification goes out once."""

from collections.abc import Callable
from functools import partial

import pytest

from escalation.choices import AttemptOutcome, Medium, NoticeKind, NotificationState
from escalation.models import Notification, NotificationAttempt
from escalation.notifications.dispatch import dispatch_due
from escalation.notifications.mail_outcomes import follow_mail, follow_refused_pages
from escalation.notifications.wording import Notice
from escalation.notifications.writing import notification_row, tell
from tests.factories import ContactWayFactory, TicketFactory, UserFactory, staff
from tests.imfake import standing_in
from tests.races.test_races import at_once
from tests.talk import dispatched, minute
from tickets.choices import OutboxState
from tickets.models import OutboundEmail

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def dispatchers(most: int) -> list[Callable[[], object]]:
    return [partial(dispatch_due, read_clock=lambda: minute(3), most=most)] * 4


def test_four_dispatchers_at_once_send_each_notification_once(settings):
    settings.ALLOW_PRIVATE_TARGETS = True
    notice = Notice(NoticeKind.PAGED, TicketFactory(priority=0))
    people = [UserFactory() for _each in range(60)]
    with standing_in() as service:
        for person in people:
            ContactWayFactory(user=person, medium=Medium.WEBHOOK, address=f"{service.url}/{person.pk}")
        Notification.objects.bulk_create(
            notification_row(person, notice, at=minute(3), channels=(Medium.WEBHOOK, Medium.MAIL)).made()
            for person in people
        )
        at_once(dispatchers(most=7))
    refused = NotificationAttempt.objects.exclude(outcome__in=("accepted", "queued"))
    assert list(refused.values_list("outcome", "answer")) == []
    assert sorted(path for path, _headers, _body in service.heard) == sorted(f"/{one.pk}" for one in people)
    assert OutboundEmail.objects.count() == 60
    assert NotificationAttempt.objects.count() == 120
    assert not Notification.objects.exclude(state=NotificationState.SENT).exists()


@pytest.mark.parametrize("follow", [follow_mail, follow_refused_pages])
def test_the_next_person_is_told_once_however_many_workers_see_the_refused_mail(follow):
    boss = staff("boss")
    for number in range(5):
        tell(
            staff(f"p{number}", reports_to=boss),
            Notice(NoticeKind.PAGED, TicketFactory(priority=0)),
            at=minute(3),
        )
    dispatched(3)
    OutboundEmail.objects.update(state=OutboxState.FAILED, answer="550 no such user")
    at_once([partial(follow, now=minute(4))] * 4)
    assert Notification.objects.filter(kind=NoticeKind.UNREACHED).count() == 5
    assert set(NotificationAttempt.objects.values_list("outcome", flat=True)) == {AttemptOutcome.REFUSED}
