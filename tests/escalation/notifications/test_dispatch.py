"""The dispatcher: what is due is sent once, by mail here, and what cannot be sent reaches the next person."""

import math
from datetime import timedelta
from itertools import count

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, transaction
from django.utils import translation

from customers.models import Desk
from customers.names import name_of
from escalation.choices import AttemptOutcome, Medium, NoticeKind, NotificationState
from escalation.models import Notification, NotificationAttempt
from escalation.notifications import dispatch
from escalation.notifications.channels.delivery import AT_ONCE, TIME_LIMIT
from escalation.notifications.channels.outcomes import AttemptReport
from escalation.notifications.contact_ways import MOST_WAYS
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from tests.factories import (
    AdminFactory,
    ClockFactory,
    ContactWayFactory,
    DutyRotaFactory,
    NotificationFactory,
    TicketFactory,
    UserFactory,
    staff,
)
from tests.talk import dispatched, minute
from tickets.choices import MailPurpose, OutboxState
from tickets.models import OutboundEmail

pytestmark = pytest.mark.django_db


def notify(recipient, at=3, priority=2, **more) -> Notification:
    clock = ClockFactory(ticket=TicketFactory(priority=priority))
    return tell(recipient, Notice(NoticeKind.REMINDER, clock.ticket, clock), at=minute(at), **more)


def without_mail(username: str, address: str = "", **profile) -> User:
    person = staff(username, **profile)
    person.email = address
    person.save()
    return person


def reloaded(row: Notification) -> Notification:
    return Notification.objects.get(pk=row.pk)


# ------------------------------------------------------------------------------------------------------------
# Mail


def test_the_mail_of_a_notification_waits_in_the_outbox(queued, django_capture_on_commit_callbacks):
    row = notify(staff("ann"))
    with django_capture_on_commit_callbacks(execute=True):
        dispatched(3)
    mail = reloaded(row).mail
    assert (mail.purpose, mail.state, mail.recipients) == (
        MailPurpose.NOTIFICATION,
        OutboxState.QUEUED,
        ["ann@desk.example"],
    )
    assert (mail.ticket, mail.message) == (row.ticket, None)
    assert queued.names == ["tickets.tasks.deliver_outbox"]


def test_a_notification_is_sent_and_the_attempt_recorded():
    row = notify(staff("ann"))
    report = dispatched(4)
    row = reloaded(row)
    assert (row.state, row.sent_at, row.next_try_at) == (NotificationState.SENT, minute(4), None)
    attempt = row.attempts.get()
    assert (attempt.medium, attempt.to, attempt.at) == (Medium.MAIL, "ann@desk.example", minute(4))
    assert (attempt.outcome, attempt.mail) == (AttemptOutcome.QUEUED, row.mail)
    assert str(report) == "sent 1, waiting 0, failed 0; messages 1"


def test_a_sent_notification_is_not_sent_again():
    notify(staff("ann"))
    dispatched(3)
    dispatched(60)
    assert OutboundEmail.objects.count() == 1


def test_a_notification_that_is_not_due_yet_waits():
    notify(staff("ann"), at=5)
    dispatched(4.9)
    assert not OutboundEmail.objects.exists()


def test_a_notification_is_written_in_the_readers_language(monkeypatch):
    heard = []
    monkeypatch.setattr(
        "escalation.notifications.rendering.text_of",
        lambda notice, at, links: heard.append(translation.get_language()) or "-",
    )
    notify(staff("ann", language="zh-hans"))
    dispatched(3)
    assert heard == ["zh-hans"]


def test_a_notification_without_a_ticket_consists_of_its_detail():
    tell(staff("ann"), Notice(NoticeKind.REMINDER, None, detail="Your shift begins at nine."), at=minute(3))
    dispatched(3)
    assert OutboundEmail.objects.get().text == "Your shift begins at nine."


# ------------------------------------------------------------------------------------------------------------
# Nobody got it


@pytest.fixture
def boss():
    return staff("boss")


@pytest.mark.parametrize("address", ["", "ann", "support@desk.example"])
def test_a_reader_without_a_usable_address_is_unreached_and_the_manager_is_told(settings, boss, address):
    settings.DESK_ADDRESS = "support@desk.example"
    ann = without_mail("ann", address, reports_to=boss)
    row = notify(ann)
    dispatched(3)
    assert reloaded(row).state == NotificationState.FAILED
    instead = Notification.objects.get(kind=NoticeKind.UNREACHED)
    assert (instead.recipient, instead.other, instead.ticket) == (boss, ann, row.ticket)
    assert (instead.state, instead.mail.recipients) == (NotificationState.SENT, ["boss@desk.example"])
    assert f"{name_of(ann)} could not be reached about {row.ticket.number}" in instead.mail.text


def test_a_deputy_comes_before_the_manager_while_somebody_is_away(boss):
    deputy = staff("deputy")
    ann = without_mail("ann", reports_to=boss, deputy=deputy)
    ann.absences.create(starts_at=minute(0), ends_at=minute(60))
    notify(ann)
    dispatched(3)
    assert Notification.objects.get(kind=NoticeKind.UNREACHED).recipient == deputy


def test_without_a_manager_the_duty_manager_is_told():
    duty = staff("duty")
    Desk.objects.update_or_create(pk=1, defaults={"duty_manager": duty})
    notify(without_mail("ann"))
    dispatched(3)
    assert Notification.objects.get(kind=NoticeKind.UNREACHED).recipient == duty


def test_finally_every_superuser_is_told():
    admin = AdminFactory()
    notify(without_mail("ann"))
    dispatched(3)
    assert Notification.objects.get(kind=NoticeKind.UNREACHED).recipient == admin


def instead(recipient) -> Notification:
    return Notification.objects.get(kind=NoticeKind.UNREACHED, recipient=recipient)


def test_unreachable_people_are_skipped_until_somebody_is_reached(boss):
    """Ann, her manager, the manager's manager and the duty manager have no address; an administrator has one."""
    top, duty, admin = without_mail("top"), without_mail("duty"), AdminFactory()
    Desk.objects.update_or_create(pk=1, defaults={"duty_manager": duty})
    boss.email, boss.staff_profile.reports_to = "", top
    boss.save()
    boss.staff_profile.save()
    ann = without_mail("ann", reports_to=boss)
    row = notify(ann)
    dispatched(3)
    assert [instead(person).state for person in (boss, top, duty)] == [NotificationState.FAILED] * 3
    last = instead(admin)
    assert (last.state, last.other, last.ticket) == (NotificationState.SENT, ann, row.ticket)
    assert f"{name_of(ann)} could not be reached" in last.mail.text
    assert Notification.objects.count() == 5


def test_the_fallback_ends_if_nobody_can_be_reached(boss):
    admins = [AdminFactory(email=""), AdminFactory(email="")]
    boss.email = ""
    boss.save()
    notify(without_mail("ann", reports_to=boss))
    dispatched(3)
    dispatched(9)
    recipients = Notification.objects.filter(kind=NoticeKind.UNREACHED).values_list("recipient", flat=True)
    assert sorted(recipients) == sorted(person.pk for person in (boss, *admins))
    assert not Notification.objects.exclude(state=NotificationState.FAILED).exists()


def test_the_fallback_costs_the_same_queries_for_few_and_for_many(boss, count_queries):
    boss.email = ""
    boss.save()
    admin = AdminFactory()

    def cost(rows: int) -> int:
        ann = without_mail(f"ann{rows}", reports_to=boss)
        for _number in range(rows):
            notify(ann)
        return count_queries(lambda: dispatched(3))

    cost(4)
    assert cost(5) == cost(30)
    assert Notification.objects.filter(recipient=admin).count() == 39


def test_a_reader_who_left_gets_no_mail(boss):
    ann = staff("ann", reports_to=boss)
    row = notify(ann)
    ann.is_active = False
    ann.save()
    dispatched(3)
    assert reloaded(row).mail is None
    assert Notification.objects.get(kind=NoticeKind.UNREACHED).recipient == boss


# ------------------------------------------------------------------------------------------------------------
# Storms


def test_a_few_notifications_are_single_mails_and_more_are_one_digest():
    ann, bob = staff("ann"), staff("bob")
    for _number in range(3):
        notify(ann)
    for _number in range(4):
        notify(bob)
    dispatched(3)
    assert {mail.recipients[0] for mail in OutboundEmail.objects.all()} == {
        "ann@desk.example",
        "bob@desk.example",
    }
    assert OutboundEmail.objects.filter(recipients=["ann@desk.example"]).count() == 3
    shared = OutboundEmail.objects.get(recipients=["bob@desk.example"])
    assert shared.notifications.count() == 4
    assert NotificationAttempt.objects.filter(mail=shared).count() == 4


def test_a_digest_lists_the_most_pressing_tickets_first_with_due_times_and_links(settings):
    ann = staff("ann", time_zone="Asia/Shanghai")
    rows = [notify(ann, priority=priority) for priority in (3, 2, 1, 2)]
    dispatched(3)
    text = OutboundEmail.objects.get().text
    numbers = [row.ticket.number for row in sorted(rows, key=lambda row: (row.ticket.priority, row.pk))]
    assert sorted(numbers, key=text.index) == numbers
    assert f"P1 {numbers[0]}" in OutboundEmail.objects.get().subject
    assert text.count("Due: tomorrow 03:00 (UTC+8, Shanghai)") == 4
    assert all(f"{settings.SITE_URL}/tickets/ticket/{row.ticket.pk}/" in text for row in rows)


def test_after_a_few_single_mails_later_notifications_wait_for_a_digest():
    ann = staff("ann")
    for _number in range(3):
        notify(ann, at=3)
    dispatched(3)
    late = [notify(ann, at=3.2), notify(ann, at=3.4)]
    dispatched(3.5)
    assert OutboundEmail.objects.count() == 3
    assert reloaded(late[0]).next_try_at == minute(4)
    dispatched(4)
    assert [reloaded(row).state for row in late] == [NotificationState.SENT] * 2


def test_a_flood_becomes_a_handful_of_mails():
    people = [staff(f"p{number}") for number in range(5)]
    ticket = TicketFactory(priority=0)
    Notification.objects.bulk_create(
        Notification(
            recipient=people[number % 5],
            kind=NoticeKind.REMINDER,
            ticket=ticket,
            next_try_at=minute(3),
            created_at=minute(3),
        )
        for number in range(600)
    )
    dispatched(3)
    assert OutboundEmail.objects.count() == 5
    assert NotificationAttempt.objects.count() == 600
    assert not Notification.objects.exclude(state=NotificationState.SENT).exists()


def test_a_digest_costs_the_same_for_few_and_for_many(count_queries):
    def cost(rows):
        ann = staff(f"ann{rows}")
        for _number in range(rows):
            notify(ann)
        return count_queries(lambda: dispatched(3))

    cost(4)
    assert cost(5) == cost(40)


def test_long_lists_end_with_a_count(monkeypatch):
    monkeypatch.setattr("escalation.notifications.rendering.MOST_LISTED", 2)
    ann = staff("ann")
    for _number in range(5):
        notify(ann)
    dispatched(3)
    assert "and 3 more tickets: " in OutboundEmail.objects.get().text


# ------------------------------------------------------------------------------------------------------------
# Faults


def test_a_notification_that_cannot_be_put_into_words_spoils_no_other():
    ann = staff("ann", reports_to=staff("boss"))
    rows = [notify(ann) for _number in range(5)]
    Notification.objects.filter(pk=rows[2].pk).update(kind="unheard of")
    dispatched(3)
    states = [reloaded(row).state for row in rows]
    assert states == ["sent", "sent", "failed", "sent", "sent"]
    assert "ValueError" in reloaded(rows[2]).attempts.get().answer


def test_a_database_that_is_away_fails_the_run_and_the_lease_gives_everything_back(monkeypatch):
    row = notify(staff("ann"))

    def away(**_mail):
        raise OperationalError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(dispatch, "queue_mail", away)
        with pytest.raises(OperationalError):
            dispatched(3)
    assert reloaded(row).state == NotificationState.PENDING
    dispatched(3 + dispatch.LEASE / timedelta(minutes=1))
    assert reloaded(row).state == NotificationState.SENT


def test_a_leased_notification_is_left_alone_until_the_lease_ends():
    notify(staff("ann"))
    assert len(dispatch.claim(now=minute(3))) == 1
    assert dispatch.claim(now=minute(4.9)) == []
    assert len(dispatch.claim(now=minute(5))) == 1


def test_a_lease_outlasts_a_run_and_its_last_batch():
    """Of eight at a time, four after each other that time out, and the writing around them."""
    messages = dispatch.SHARE - 1 + MOST_WAYS
    last_share = timedelta(seconds=math.ceil(messages / AT_ONCE) * TIME_LIMIT)
    assert dispatch.RUN_FOR + last_share + timedelta(seconds=30) <= dispatch.LEASE


def test_a_batch_is_filled_with_messages_however_many_contact_ways_each_reader_has(monkeypatch):
    media, sent = (Medium.CHAT, Medium.SMS, Medium.VOICE), []

    def accepted(parcels, **_limits):
        sent.append(len(parcels))
        return [(key, AttemptReport(AttemptOutcome.ACCEPTED, "200")) for key in parcels]

    monkeypatch.setattr(dispatch, "SHARE", 6)
    monkeypatch.setattr(dispatch, "send_all", accepted)
    for number in range(6):
        person = staff(f"u{number}")
        for medium in media:
            ContactWayFactory(user=person, medium=medium)
            notify(person, channels=[medium])
        notify(person, channels=[Medium.CHAT])  # one too many for messages of their own
    dispatched(3)
    assert sent == [6, 6, 6]


def test_urgent_notifications_are_claimed_first_and_then_the_oldest():
    rows = [notify(staff("a"), at=1), notify(staff("b"), at=2, priority=0), notify(staff("c"), at=0)]
    assert [row.pk for row in dispatch.claim(now=minute(3))] == [rows[1].pk, rows[2].pk, rows[0].pk]


def test_notifications_left_when_time_is_up_are_given_back(monkeypatch):
    monkeypatch.setattr(dispatch, "SHARE", 10)
    for number in range(30):
        notify(UserFactory(username=f"u{number}"))
    reads = count()
    report = dispatch.dispatch_due(read_clock=lambda: minute(3 + next(reads) / 20))
    assert 0 < report.sent < 30
    pending = Notification.objects.filter(state=NotificationState.PENDING)
    assert [row.next_try_at < minute(4) for row in pending] == [True] * (30 - report.sent)


def test_a_stopping_queue_gives_the_rest_back_at_once(monkeypatch):
    """And not when the lease ends."""
    monkeypatch.setattr(dispatch, "SHARE", 10)
    ending = iter([False, False])
    monkeypatch.setattr(dispatch, "is_ending", lambda: next(ending, True))
    for number in range(30):
        notify(UserFactory(username=f"u{number}"))
    assert dispatched(3).sent == 10
    pending = Notification.objects.filter(state=NotificationState.PENDING)
    assert [row.next_try_at for row in pending] == [minute(3)] * 20


def test_a_notification_has_exactly_one_recipient():
    with pytest.raises(IntegrityError), transaction.atomic():
        NotificationFactory(recipient=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        NotificationFactory(rota=DutyRotaFactory())
