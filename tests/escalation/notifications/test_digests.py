"""Digests: which notifications wait for others. No storm holds back the first page of a P0 ticket."""

import re
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.choices import Medium, NoticeKind
from escalation.models import Notification
from escalation.notifications import digests, dispatch
from escalation.notifications.channels import apprise_services
from escalation.notifications.routes import Addressee, Routes
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from tests.factories import (
    ClockFactory,
    ContactWayFactory,
    CustomerFactory,
    DutyRotaFactory,
    NotificationFactory,
    TicketFactory,
    UserFactory,
    staff,
)
from tests.imfake import standing_in
from tests.talk import clock_of, dispatched, minute
from tickets.models import OutboundEmail

pytestmark = pytest.mark.django_db


def notify(recipient, at=3, priority=2, ticket=None, kind=NoticeKind.PAGED) -> Notification:
    clock = ClockFactory(ticket=TicketFactory(priority=priority)) if ticket is None else clock_of(ticket)
    return tell(recipient, Notice(kind, clock.ticket, clock), at=minute(at))


def sent_at(row: Notification):
    return Notification.objects.values_list("sent_at", flat=True).get(pk=row.pk)


def mails(row: Notification) -> int:
    """How many notifications share its mail."""
    return Notification.objects.get(pk=row.pk).mail.notifications.count()


def test_the_first_page_of_a_p0_is_sent_while_lower_notifications_wait_for_their_minute():
    ann = staff("ann")
    storm = [notify(ann, priority=priority) for priority in (1, 2, 3, 1)]
    dispatched(3)
    page, lower = notify(ann, at=3.2, priority=0), notify(ann, at=3.2, priority=1)
    dispatched(3.2)
    assert [sent_at(row) for row in storm] == [minute(3)] * 4
    assert (sent_at(page), sent_at(lower)) == (minute(3.2), None)


def test_a_first_page_is_sent_by_itself_before_the_digest():
    ann = staff("ann")
    storm = [notify(ann, priority=1) for _number in range(6)]
    page = notify(ann, priority=0)
    dispatched(3)
    assert (mails(page), mails(storm[0])) == (1, 6)
    assert OutboundEmail.objects.order_by("pk").first().notifications.get() == page


def test_a_second_page_for_the_same_ticket_waits_like_other_notifications():
    ann = staff("ann")
    page, *_others = [notify(ann, priority=0) for _number in range(3)]
    dispatched(3)
    again = notify(ann, at=3.2, ticket=page.ticket, kind=NoticeKind.REMINDER)
    dispatched(3.2)
    assert sent_at(again) is None
    dispatched(4)
    assert sent_at(again) == minute(4)


def test_the_first_page_of_a_ticket_counts_for_each_reader_separately():
    ann, bob = staff("ann"), staff("bob")
    page = notify(bob, priority=0)
    for _number in range(4):
        notify(ann)
    dispatched(3)
    first = notify(ann, at=3.2, ticket=page.ticket, kind=NoticeKind.ESCALATED_TO_YOU)
    dispatched(3.2)
    assert sent_at(first) == minute(3.2)


def test_a_notice_that_asks_for_no_action_is_not_a_page():
    ann = staff("ann")
    for _number in range(3):
        notify(ann)
    dispatched(3)
    row = notify(ann, at=3.2, priority=0, kind=NoticeKind.ESCALATED_FROM_YOU)
    dispatched(3.2)
    assert sent_at(row) is None


def test_many_p0_at_once_are_one_digest_and_later_ones_wait_ten_seconds_at_most():
    ann = staff("ann")
    at_once = [notify(ann, priority=0) for _number in range(5)]
    dispatched(3)
    assert (mails(at_once[0]), OutboundEmail.objects.count()) == (5, 1)
    later = [notify(ann, at=3 + second / 60, priority=0) for second in (2, 4)]
    dispatched(3 + 4 / 60)
    assert [sent_at(row) for row in later] == [None, None]
    assert {row.next_try_at for row in Notification.objects.filter(sent_at=None)} == {minute(3 + 10 / 60)}
    dispatched(3 + 10 / 60)
    assert [sent_at(row) for row in later] == [minute(3 + 10 / 60)] * 2
    assert mails(later[0]) == 2


def test_a_groups_first_page_does_not_wait_either(settings, monkeypatch):
    settings.ALLOW_PRIVATE_TARGETS = True
    rota = DutyRotaFactory()
    ContactWayFactory(user=None, rota=rota)

    def page(priority: int, at: float) -> Notification:
        return NotificationFactory(
            recipient=None, rota=rota, ticket=TicketFactory(priority=priority), kind=NoticeKind.PAGED,
            channels=["chat"], is_urgent=True, next_try_at=minute(at),
        )  # fmt: skip

    with standing_in() as wecom:
        plugin = apprise_services.GATEWAYS["wecombot"].plugin
        monkeypatch.setattr(plugin, "notify_url", f"{wecom.url}/send?key={{key}}")
        for _number in range(4):
            page(1, 3)
        dispatched(3)
        first, lower = page(0, 3.1), page(1, 3.1)
        dispatched(3.1)
    assert (sent_at(first), sent_at(lower)) == (minute(3.1), None)


def test_a_page_that_is_written_while_a_flood_goes_out_is_sent_next(monkeypatch):
    monkeypatch.setattr(dispatch, "SHARE", 2)
    for number in range(9):
        notify(UserFactory(username=f"u{number}"))
    monkeypatch.setattr(dispatch, "send_all", written_meanwhile(lambda: notify(staff("duty"), priority=0)))
    report = dispatched(3)
    recipients = [mail.recipients[0] for mail in OutboundEmail.objects.order_by("pk")]
    assert (recipients.index("duty@desk.example"), report.sent) == (2, 10)


def written_meanwhile(write):
    calls = count()

    def send_all(parcels, **_limits):
        if next(calls) == 0:
            write()
        return []

    return send_all


def test_sorting_costs_the_same_for_few_and_for_many(count_queries):
    def cost(rows: int) -> int:
        ann = staff(f"ann{rows}")
        for _number in range(rows):
            notify(ann, priority=0)
            notify(ann, priority=2)
        return count_queries(lambda: dispatched(3))

    cost(4)
    assert cost(5) == cost(30)


def test_a_second_try_of_a_page_joins_no_digest_of_lower_notifications(settings, monkeypatch):
    settings.ALLOW_PRIVATE_TARGETS = True
    ann = staff("ann")
    ContactWayFactory(user=ann)
    clock = ClockFactory(ticket=TicketFactory(priority=0))
    with standing_in() as wecom:
        plugin = apprise_services.GATEWAYS["wecombot"].plugin
        monkeypatch.setattr(plugin, "notify_url", f"{wecom.url}/send?key={{key}}")
        wecom.status = 500
        page = tell(ann, Notice(NoticeKind.PAGED, clock.ticket, clock), at=minute(3), channels=[Medium.CHAT])
        for _number in range(4):
            lower = ClockFactory(ticket=TicketFactory(priority=1))
            tell(ann, Notice(NoticeKind.PAGED, lower.ticket, lower), at=minute(3), channels=[Medium.CHAT])
        dispatched(3)
        wecom.status = 200
        dispatched(3.5)
    assert len(wecom.heard) == 4
    assert [page.ticket.number in text for text in wecom.texts].count(True) == 2
    assert sent_at(page) == minute(3) + timedelta(seconds=30)


READERS = {"user": UserFactory, "rota": DutyRotaFactory, "customer": CustomerFactory}


def sent_for_years(column):
    """A reader who was sent much long ago and little just now; the database has counted the rows."""
    reader, ticket = READERS[column](), TicketFactory()
    field = "recipient" if column == "user" else column
    Notification.objects.bulk_create(
        Notification(
            kind=NoticeKind.REMINDER,
            ticket=ticket,
            next_try_at=minute(0),
            created_at=minute(0),
            sent_at=minute(3) - timedelta(days=number),
            **{field: reader},
        )
        for number in range(500)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return reader


@pytest.mark.parametrize("column", ["user", "rota", "customer"])
def test_the_query_for_what_a_reader_was_sent_lately_uses_an_index(column):
    reader = sent_for_years(column)
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as queries:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # few rows are read as a whole
        digests.RecentlySent.to([Addressee(column, reader.pk)], now=minute(3))
        plan = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{plan} {queries.captured_queries[-1]['sql']}")
        lines = [str(line) for line in cursor.fetchall()]
    assert any(re.search(r"(recipient|rota|customer)_id\W.*sent_at", line) for line in lines), lines


def test_a_reader_at_the_limit_gets_no_empty_message_beside_a_second_try():
    ann = staff("ann")
    for _each in range(5):
        notify(ann)
    Notification.objects.update(sent_at=minute(3))
    again = notify(ann)
    routes = Routes.of([again])
    routes.tried_before.add(again.pk)
    assert digests.split_into_batches([again], routes, now=minute(3)).ready == [[again]]
