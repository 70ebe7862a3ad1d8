"""Notifications by other ways than mail: the order of ways, tries, the next person, groups, quiet hours, digests."""

import json
from datetime import time, timedelta

import pytest

from customers.models import Contract
from escalation.choices import AttemptOutcome, ClockKind, Medium, NoticeKind, NotificationState, Whom
from escalation.models import ContactWay, Notification, NotificationAttempt
from escalation.notifications.acknowledge_links import ack_link
from escalation.notifications.channels import apprise_services, outcomes
from escalation.notifications.wording import Notice
from escalation.notifications.writing import group_rows, tell
from tests.factories import (
    ClockFactory,
    ContactWayFactory,
    ContractFactory,
    CustomerFactory,
    DutyRotaFactory,
    EscalationFactory,
    NotificationFactory,
    TicketFactory,
    staff,
)
from tests.imfake import closed_port, standing_in
from tests.talk import dispatched, minute
from tickets.models import OutboundEmail, Ticket

pytestmark = pytest.mark.django_db

ACCEPTED, REFUSED, TIMED_OUT = AttemptOutcome.ACCEPTED, AttemptOutcome.REFUSED, AttemptOutcome.TIMED_OUT
PAGE = (Medium.CHAT, Medium.SMS, Medium.WEBHOOK)


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    settings.ALLOW_PRIVATE_TARGETS = True


@pytest.fixture
def service():
    with standing_in() as standing_service:
        yield standing_service


@pytest.fixture
def wecom(service, monkeypatch):
    """The chat service that every way of a test belongs to, unless it says otherwise."""
    plugin = apprise_services.GATEWAYS["wecombot"].plugin
    monkeypatch.setattr(plugin, "notify_url", f"{service.url}/send?key={{key}}")
    return service


@pytest.fixture
def boss():
    return staff("boss")


@pytest.fixture
def ann(boss):
    return staff("ann", reports_to=boss, time_zone="Asia/Shanghai")


def hook(user, url: str, **more) -> ContactWay:
    return ContactWayFactory(
        user=user, medium=Medium.WEBHOOK, address=url, shown="http://127.0.0.1/…", **more
    )


def notify(recipient, *channels, at=3, priority=0) -> Notification:
    clock = ClockFactory(ticket=TicketFactory(priority=priority))
    notice = Notice(NoticeKind.REMINDER, clock.ticket, clock)
    return tell(recipient, notice, at=minute(at), channels=channels or (Medium.CHAT,))


def tries(row: Notification) -> list[tuple[str, str]]:
    return list(row.attempts.order_by("pk").values_list("medium", "outcome"))


def reloaded(row: Notification) -> Notification:
    return Notification.objects.get(pk=row.pk)


# ------------------------------------------------------------------------------------------------------------
# One person


def test_a_notification_uses_the_listed_medium_and_records_the_response(wecom, ann):
    contact_way = ContactWayFactory(user=ann)
    row = notify(ann)
    dispatched(3)
    assert row.ticket.number in wecom.texts[0]
    attempt = row.attempts.get()
    assert (attempt.way, attempt.to, attempt.outcome) == (
        contact_way,
        "WeCom Bot: wecombot://b...0/",
        ACCEPTED,
    )
    assert (attempt.answer, attempt.at) == ('200 {"errcode":0,"errmsg":"ok"}', minute(3))
    assert attempt.milliseconds is not None
    assert (reloaded(row).state, reloaded(row).sent_at) == (NotificationState.SENT, minute(3))
    assert not OutboundEmail.objects.exists()


def test_mail_listed_beside_other_media_is_sent_in_addition(wecom, ann):
    ContactWayFactory(user=ann)
    row = notify(ann, Medium.CHAT, Medium.MAIL)
    dispatched(3)
    assert tries(row) == [("mail", "queued"), ("chat", "accepted")]


def test_a_reader_without_a_contact_way_for_the_listed_media_gets_mail(wecom, ann):
    ContactWayFactory(user=ann)
    row = notify(ann, Medium.SMS)
    dispatched(3)
    assert (tries(row), wecom.heard) == ([("mail", "queued")], [])


def test_a_response_that_repeats_the_message_is_stored_without_the_acknowledge_link(wecom, ann):
    ContactWayFactory(user=ann)
    escalation = EscalationFactory(clock=ClockFactory(ticket=TicketFactory(priority=0)))
    clock = escalation.clock
    notice = Notice(NoticeKind.ESCALATED_TO_YOU, clock.ticket, clock)
    row = tell(ann, notice, at=minute(3), escalation=escalation, channels=(Medium.CHAT,))
    token = ack_link(user=ann, escalation=escalation).rstrip("/").rpartition("/")[2]
    wecom.body = f'{{"errcode":0,"said":"http:\\/\\/desk\\/ack\\/{token}\\/"}}'
    dispatched(3)
    assert token in wecom.texts[0]
    assert token not in row.attempts.get().answer


def test_the_stored_response_to_a_digest_names_no_other_ticket(wecom, ann):
    ContactWayFactory(user=ann)
    wecom.body = '{"errcode":0,"said":"SD#7 of another customer"}'
    row, *_others = [notify(ann, Medium.CHAT) for _number in range(6)]
    dispatched(3)
    assert row.attempts.get().answer == "200"


def test_the_first_medium_that_accepts_is_enough(wecom, service, ann):
    hook(ann, service.url)
    ContactWayFactory(user=ann)
    row = notify(ann, *PAGE)
    dispatched(3)
    assert tries(row) == [("chat", "accepted")]


def test_of_several_contact_ways_of_a_medium_the_lowest_position_is_tried_first(service, ann):
    hook(ann, f"{service.url}/second", position=2)
    hook(ann, f"{service.url}/first", position=1)
    notify(ann, Medium.WEBHOOK)
    dispatched(3)
    assert [path for path, _headers, _body in service.heard] == ["/first"]


def test_an_inactive_contact_way_is_not_used(wecom, ann):
    ContactWayFactory(user=ann, is_active=False)
    row = notify(ann)
    dispatched(3)
    assert tries(row) == [("mail", "queued")]


def test_after_repeated_refusals_the_next_contact_way_is_tried(wecom, ann):
    ContactWayFactory(user=ann)
    with standing_in() as other:
        hook(ann, other.url)
        row = notify(ann, *PAGE)
        wecom.status = 500
        dispatched(3)
        assert reloaded(row).next_try_at == minute(3.5)
        dispatched(3.4)
        assert len(wecom.heard) == 1
        dispatched(3.5)
        assert reloaded(row).next_try_at == minute(5.5)
        dispatched(5.5)
        assert tries(row) == [("chat", "refused")] * 3 + [("webhook", "accepted")]
    assert reloaded(row).state == NotificationState.SENT


@pytest.mark.parametrize("status", [404, 410])
def test_an_unknown_bot_is_a_refusal(wecom, ann, status):
    ContactWayFactory(user=ann)
    row = notify(ann)
    wecom.status, wecom.body = status, "gone"
    dispatched(3)
    assert (row.attempts.get().outcome, row.attempts.get().answer) == (REFUSED, f"{status} gone")


def test_nobody_listening_is_a_refusal(ann):
    hook(ann, f"http://127.0.0.1:{closed_port()}/")
    row = notify(ann, Medium.WEBHOOK)
    dispatched(3)
    assert (row.attempts.get().outcome, row.attempts.get().answer) == (REFUSED, outcomes.NOT_TAKEN)


def test_whoever_answers_too_late_has_timed_out_and_holds_up_nobody(wecom, service, ann, monkeypatch):
    monkeypatch.setattr("escalation.notifications.dispatch.TIME_LIMIT", 0.5)
    with standing_in() as quick:
        hook(staff("bob"), quick.url)
        slow, other = notify(ann, Medium.CHAT), notify(ContactWay.objects.get().user, Medium.WEBHOOK)
        ContactWayFactory(user=ann)
        wecom.is_slow = True
        dispatched(3)
    assert (tries(slow), tries(other)) == ([("chat", "timed_out")], [("webhook", "accepted")])


def test_when_every_contact_way_refused_mail_is_the_last_resort(service, ann):
    hook(ann, service.url)
    service.status = 500
    row = notify(ann, Medium.WEBHOOK)
    for at in (3, 3.5, 5.5):
        dispatched(at)
    assert tries(row) == [("webhook", "refused")] * 3 + [("mail", "queued")]
    assert reloaded(row).state == NotificationState.SENT


def test_when_nothing_reaches_the_person_the_next_one_is_told(service, ann, boss):
    ann.email = ""
    ann.save()
    hook(ann, service.url)
    service.status = 500
    row = notify(ann, Medium.WEBHOOK)
    for at in (3, 3.5, 5.5):
        dispatched(at)
    assert reloaded(row).state == NotificationState.FAILED
    instead = Notification.objects.get(kind=NoticeKind.UNREACHED)
    assert (instead.recipient, instead.other, instead.ticket) == (boss, ann, row.ticket)
    assert (instead.channels, instead.is_urgent) == (["webhook"], True)
    assert "SLA reminder" in instead.mail.text


def test_a_private_target_is_refused_when_it_is_sent_to(service, ann, settings):
    settings.ALLOW_PRIVATE_TARGETS = False
    hook(ann, service.url)
    row = notify(ann, Medium.WEBHOOK)
    dispatched(3)
    assert row.attempts.get().answer == outcomes.PRIVATE
    assert service.heard == []


def test_a_webhook_carries_the_facts(service, ann, settings):
    hook(ann, service.url, secret="shared")
    row = notify(ann, Medium.WEBHOOK)
    dispatched(3)
    body = json.loads(service.heard[0][2])
    ticket = row.ticket
    assert (body["version"], body["event"], body["kind"], body["urgent"]) == (
        1,
        "notification",
        "reminder",
        True,
    )
    assert body["tickets"] == [
        {
            "number": ticket.number,
            "priority": "P0",
            "subject": ticket.subject,
            "customer": ticket.customer.name,
            "url": f"{settings.SITE_URL}/tickets/ticket/{ticket.pk}/change/",
            "due_at": row.clock.due_at.isoformat(),
            "what": "SLA reminder",
        }
    ]
    assert "X-Desk-Signature" in service.heard[0][1]


def test_an_sms_is_short(service, ann, monkeypatch):
    plugin = apprise_services.GATEWAYS["clickatell"].plugin
    monkeypatch.setattr(plugin, "notify_url", service.url + "/messages/http/send?apiKey={}")
    ContactWayFactory(user=ann, medium=Medium.SMS, address="clickatell://apikey4711/15556667777")
    row = notify(ann, Medium.SMS)
    dispatched(3)
    heard = service.heard[0][0] + service.texts[0]
    assert f"%5BP0%5D+{row.ticket.number}".replace("#", "%23") in heard.replace(" ", "+").replace("#", "%23")
    assert "http" not in service.texts[0]


def test_an_sms_digest_holds_no_text_of_a_customer(service, ann, monkeypatch):
    plugin = apprise_services.GATEWAYS["clickatell"].plugin
    monkeypatch.setattr(plugin, "notify_url", service.url + "/messages/http/send?apiKey={}")
    ContactWayFactory(user=ann, medium=Medium.SMS, address="clickatell://apikey4711/15556667777")
    rows = [notify(ann, Medium.SMS) for _number in range(5)]
    Ticket.objects.update(subject="Your account: evil.example")
    dispatched(3)
    assert [tries(row) for row in rows] == [[("sms", "accepted")]] * 5
    assert "evil" not in service.heard[0][0] + service.texts[0]


# ------------------------------------------------------------------------------------------------------------
# Storms


def test_a_storm_is_one_message_by_each_contact_way_and_every_row_has_its_attempt(wecom, ann):
    ContactWayFactory(user=ann)
    rows = [notify(ann, Medium.CHAT, Medium.MAIL) for _number in range(6)]
    report = dispatched(3)
    assert (len(wecom.heard), OutboundEmail.objects.count(), report.messages) == (1, 1, 2)
    assert "6 notifications" in wecom.texts[0]
    assert [tries(row) for row in rows] == [[("mail", "queued"), ("chat", "accepted")]] * 6


def test_a_digest_that_is_refused_is_tried_again_as_one(wecom, ann):
    ContactWayFactory(user=ann)
    rows = [notify(ann) for _number in range(5)]
    wecom.status = 500
    dispatched(3)
    wecom.status = 200
    dispatched(3.5)
    assert len(wecom.heard) == 2
    assert {reloaded(row).state for row in rows} == {NotificationState.SENT}


# ------------------------------------------------------------------------------------------------------------
# Quiet hours


@pytest.fixture
def sleeper(ann):
    """It is 20:03 where ann lives; she is quiet from 20:00 to 08:30."""
    profile = ann.staff_profile
    profile.quiet_from, profile.quiet_until = time(20, 0), time(8, 30)
    profile.save()
    return ann


def test_in_quiet_hours_other_media_wait_for_what_is_not_urgent_but_mail_does_not(wecom, sleeper):
    ContactWayFactory(user=sleeper)
    row = notify(sleeper, Medium.CHAT, Medium.MAIL, priority=2)
    dispatched(3)
    assert (tries(row), wecom.heard) == ([("mail", "queued")], [])
    morning = minute(0) + timedelta(hours=12, minutes=30)
    assert (reloaded(row).state, reloaded(row).next_try_at) == (NotificationState.PENDING, morning)
    dispatched(12 * 60 + 30)
    assert (len(wecom.heard), reloaded(row).state) == (1, NotificationState.SENT)
    assert OutboundEmail.objects.count() == 1


@pytest.mark.parametrize("priority", [0, 1])
def test_urgent_notifications_ignore_quiet_hours(wecom, sleeper, priority):
    ContactWayFactory(user=sleeper)
    notify(sleeper, priority=priority)
    dispatched(3)
    assert len(wecom.heard) == 1


def test_quiet_hours_are_those_of_the_persons_own_zone(wecom, sleeper):
    traveller = staff("bob", time_zone="Europe/Berlin", quiet_from=time(20, 0), quiet_until=time(8, 30))
    for person in (sleeper, traveller):
        ContactWayFactory(user=person)
    held, sent = notify(sleeper, priority=2), notify(traveller, priority=2)
    dispatched(3)
    assert (tries(held), tries(sent)) == ([], [("chat", "accepted")])


def test_a_second_try_waits_for_the_end_of_the_quiet_hours_too(wecom, sleeper):
    profile = sleeper.staff_profile
    profile.quiet_from = time(20, 4)
    profile.save()
    ContactWayFactory(user=sleeper)
    wecom.status = 500
    row = notify(sleeper, priority=3)
    dispatched(3)
    dispatched(4)
    assert tries(row) == [("chat", "refused")]
    wecom.status = 200
    dispatched(12 * 60 + 30)
    assert tries(row) == [("chat", "refused"), ("chat", "accepted")]


def test_notifications_held_overnight_leave_in_the_morning_as_one_digest(wecom, sleeper):
    ContactWayFactory(user=sleeper)
    rows = [notify(sleeper, at=3 + number * 10, priority=2) for number in range(5)]
    for number in range(5):
        dispatched(3 + number * 10)
    assert wecom.heard == []
    dispatched(12 * 60 + 29.9)
    assert wecom.heard == []
    dispatched(12 * 60 + 30)
    assert len(wecom.heard) == 1
    assert {reloaded(row).state for row in rows} == {NotificationState.SENT}


def test_a_rota_s_group_has_no_quiet_hours(wecom, sleeper):
    rota = DutyRotaFactory()
    ContactWayFactory(user=None, rota=rota)
    row = NotificationFactory(recipient=None, rota=rota, channels=["chat"], next_try_at=minute(3))
    dispatched(3)
    assert tries(row) == [("chat", "accepted")]


# ------------------------------------------------------------------------------------------------------------
# Groups


def notify_group(whom: Whom, notice_kind: NoticeKind = NoticeKind.PAGED, rota=None, **clock) -> Notification:
    customer = CustomerFactory(name="Aurora", language="en", time_zone="Asia/Shanghai")
    ticket = TicketFactory(priority=0, customer=customer, owner=staff("holder"))
    clock = ClockFactory(ticket=ticket, due_at=minute(30), **clock)
    notice = Notice(notice_kind, ticket, clock, ticket.owner, "secret detail")
    [group_row] = group_rows(notice, whom=whom, rota=rota, at=minute(3))
    row = group_row.made()
    row.save()
    return row


def test_a_rota_s_group_reads_what_colleagues_read(wecom):
    rota = DutyRotaFactory()
    ContactWayFactory(user=None, rota=rota)
    row = notify_group(Whom.ROTA_GROUP, rota=rota)
    dispatched(3)
    assert "Drop everything else" in wecom.texts[0]
    assert reloaded(row).state == NotificationState.SENT


def test_a_customers_group_reads_that_we_work_on_it_and_until_when_but_nothing_internal(wecom):
    row = notify_group(Whom.CUSTOMER_GROUP)
    ContactWayFactory(user=None, customer=row.customer)
    dispatched(3)
    text = json.loads(wecom.texts[0])["text"]["content"]
    assert (
        f"We are on it: {row.ticket.number}, first response by Wednesday 18 November 2026, 20:30 (UTC+8, Shanghai)."
        in text
    )
    assert "secret detail" not in text
    assert "/tickets/" not in text
    assert row.ticket.owner.first_name not in text


def test_a_ticket_moved_to_another_customer_is_not_sent_to_the_first_customers_group(wecom):
    row = notify_group(Whom.CUSTOMER_GROUP)
    ContactWayFactory(user=None, customer=row.customer)
    Ticket.objects.update(customer=CustomerFactory())
    dispatched(3)
    assert wecom.heard == []
    assert reloaded(row).state == NotificationState.FAILED
    assert row.attempts.get().answer == outcomes.STRAYED
    assert Notification.objects.count() == 1


def test_a_customers_group_is_written_in_the_language_and_zone_of_its_contract(wecom):
    row = notify_group(Whom.CUSTOMER_GROUP)
    ContractFactory(customer=row.customer, language="zh-hans", time_zone="Europe/Berlin")
    assert Contract.objects.exists()
    ContactWayFactory(user=None, customer=row.customer)
    dispatched(3)
    assert "（柏林时间，UTC+1）" in json.loads(wecom.texts[0])["text"]["content"]


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        (NoticeKind.ESCALATED, {}, "has been escalated and is now with a senior engineer."),
        (NoticeKind.REMINDER, {"kind": ClockKind.NEXT_RESPONSE}, "next reply by"),
        (NoticeKind.REMINDER, {"kind": ClockKind.UPDATE}, "next update by"),
        (NoticeKind.REMINDER, {"kind": ClockKind.RESOLUTION}, "to be resolved by"),
        (NoticeKind.PAGED, {"stopped_at": minute(2)}, "We are on it: SD#"),
    ],
)
def test_each_notification_to_a_customers_group_has_its_wording(wecom, kind, more, said):
    row = notify_group(Whom.CUSTOMER_GROUP, kind, **more)
    ContactWayFactory(user=None, customer=row.customer)
    dispatched(3)
    assert said in json.loads(wecom.texts[0])["text"]["content"]


def test_no_customer_hears_of_a_fire_drill():
    ticket = TicketFactory(is_drill=True)
    assert (
        group_rows(Notice(NoticeKind.PAGED, ticket), whom=Whom.CUSTOMER_GROUP, rota=None, at=minute(3)) == []
    )


def test_the_ticket_owner_is_told_of_a_group_that_cannot_be_reached(wecom):
    row = notify_group(Whom.CUSTOMER_GROUP)
    ContactWayFactory(user=None, customer=row.customer)
    wecom.status = 500
    for at in (3, 3.5, 5.5):
        dispatched(at)
    assert reloaded(row).state == NotificationState.FAILED
    instead = Notification.objects.get(kind=NoticeKind.UNREACHED)
    assert (instead.recipient, instead.detail) == (row.ticket.owner, "Aurora\npaged")


def test_a_message_to_a_group_without_a_contact_way_fails_and_notifies_nobody():
    row = notify_group(Whom.CUSTOMER_GROUP)
    dispatched(3)
    assert reloaded(row).state == NotificationState.FAILED
    assert NotificationAttempt.objects.get().answer == outcomes.NO_WAY
    assert not Notification.objects.filter(kind=NoticeKind.UNREACHED).exists()
