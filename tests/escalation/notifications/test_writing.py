"""Telling people and groups: a row in the transaction of the fact, and a nudge after it."""

import pytest
from django.db import transaction

from escalation.choices import Medium, NoticeKind, NotificationState, Whom
from escalation.models import DutyRota, Notification
from escalation.notifications.wording import Notice
from escalation.notifications.writing import group_rows, notification_row, tell
from tests.factories import ClockFactory, DutyRotaFactory, EscalationFactory, TicketFactory, staff
from tests.talk import minute
from tickets.models import OutboundEmail

pytestmark = pytest.mark.django_db


def reminder(clock=None, **more) -> Notice:
    clock = clock or ClockFactory(**more)
    return Notice(NoticeKind.REMINDER, clock.ticket, clock)


def test_a_notification_row_says_who_is_told_what_when_and_why():
    escalation, ann = EscalationFactory(), staff("ann")
    row = tell(ann, reminder(), at=minute(3), escalation=escalation)
    assert (row.recipient, row.kind, row.created_at) == (ann, NoticeKind.REMINDER, minute(3))
    assert (row.ticket, row.escalation) == (row.clock.ticket, escalation)


def test_a_new_notification_is_pending_and_has_no_mail_yet():
    row = tell(staff("ann"), reminder(), at=minute(3))
    assert (row.state, row.next_try_at, row.sent_at) == (NotificationState.PENDING, minute(3), None)
    assert not OutboundEmail.objects.exists()


def test_the_dispatcher_is_nudged_once_after_the_commit(queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        for name in ("ann", "bob"):
            tell(staff(name), reminder(), at=minute(3))
        assert queued.names == []
    assert queued.names == ["escalation.tasks.dispatch_notifications"]


@pytest.mark.parametrize(("priority", "urgent"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_notification_is_urgent_by_the_priority_of_its_ticket(priority, urgent):
    notice = Notice(NoticeKind.NEW_TICKET, TicketFactory(priority=priority))
    assert tell(staff("ann"), notice, at=minute(3)).is_urgent is urgent


def test_media_are_kept_in_their_order():
    tell(staff("ann"), reminder(), at=minute(3), channels=(Medium.VOICE, Medium.SMS, Medium.MAIL))
    assert Notification.objects.get().channels == ["voice", "sms", "mail"]


def test_rows_for_many_are_made_without_a_query(django_assert_num_queries):
    ann, notice = staff("ann"), reminder()
    with django_assert_num_queries(0):
        row = notification_row(ann, notice, at=minute(3))
    assert row.values["recipient_id"] == ann.pk


def test_a_step_that_tells_a_group_gets_a_row_for_it(django_assert_num_queries):
    notice, rota = reminder(), DutyRotaFactory()
    with django_assert_num_queries(0):
        [of_rota] = [row.made() for row in group_rows(notice, whom=Whom.ROTA_GROUP, rota=rota, at=minute(3))]
        [to_customer] = group_rows(notice, whom=Whom.CUSTOMER_GROUP, rota=rota, at=minute(3))
        of_customer = to_customer.made()
    assert (of_rota.rota, of_rota.recipient, of_rota.channels) == (rota, None, ["chat"])
    assert (of_customer.customer_id, of_customer.rota) == (notice.ticket.customer_id, None)
    Notification.objects.bulk_create([of_rota, of_customer])


def test_mail_reaches_no_group():
    def channels(*media):
        rows = group_rows(reminder(), whom=Whom.ROTA_GROUP, rota=DutyRota(pk=1), at=minute(3), channels=media)
        return rows[0].made().channels

    assert channels(Medium.MAIL) == ["chat"]
    assert channels(Medium.MAIL, Medium.WEBHOOK) == ["webhook"]


def test_a_step_that_tells_a_missing_group_writes_no_row():
    stranger = Notice(NoticeKind.NEW_TICKET, TicketFactory(customer=None))
    assert group_rows(stranger, whom=Whom.CUSTOMER_GROUP, rota=None, at=minute(3)) == []
    assert group_rows(reminder(), whom=Whom.ROTA_GROUP, rota=None, at=minute(3)) == []
    assert group_rows(reminder(), whom=Whom.HOLDER, rota=DutyRotaFactory(), at=minute(3)) == []
