"""The sentences people are told: complete, in their language and their zone."""

from datetime import timedelta

import pytest

from customers.names import name_of
from customers.times import as_read_by
from escalation.choices import ClockKind, NoticeKind
from escalation.notifications.wording import Notice, subject_of, text_of
from tests.factories import (
    NOW,
    ClockFactory,
    CustomerFactory,
    NotificationFactory,
    TicketFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock():
    return ClockFactory(
        ticket=TicketFactory(customer=CustomerFactory(name="Aurora Live"), subject="50 % black")
    )


@pytest.mark.parametrize("kind", [kind for kind in NoticeKind if kind != NoticeKind.BACK])
def test_every_notice_names_ticket_customer_times_and_the_way_there(clock, settings, kind):
    other = UserFactory(first_name="Ann")
    with as_read_by("en", "Asia/Shanghai"):
        text = text_of(Notice(kind, clock.ticket, clock, other, detail="550 no such user"), at=NOW)
    lines = text.splitlines()
    assert clock.ticket.number in lines[0]
    assert "%" not in lines[0]
    for line in (
        "Customer: Aurora Live",
        "Subject: 50 % black",
        f"Owner: {name_of(clock.ticket.owner)}",
        "Received: Wednesday 18 November 2026, 19:00 (UTC+8, Shanghai)",
        "Due: Thursday 19 November 2026, 03:00 (UTC+8, Shanghai), 7 h left",
    ):
        assert line in lines
    assert any("550 no such user" in line for line in lines)
    assert lines[-1].startswith(settings.SITE_URL)
    assert str(clock.ticket.pk) in lines[-1]


@pytest.mark.parametrize(
    "kind",
    [
        NoticeKind.ESCALATED_TO_YOU,
        NoticeKind.ESCALATED_FROM_YOU,
        NoticeKind.ESCALATED,
        NoticeKind.PAGED,
        NoticeKind.NOBODY_LEFT,
    ],
)
def test_a_notice_about_somebody_names_them(clock, kind):
    assert "Ann" in text_of(Notice(kind, clock.ticket, clock, UserFactory(first_name="Ann")), at=NOW)


def test_the_subject_names_kind_priority_and_ticket():
    notice = Notice(NoticeKind.REMINDER, TicketFactory(subject="Black", priority=1))
    assert subject_of(notice, at=NOW) == "[P1] SLA reminder: Black"


def test_a_reminder_of_what_is_overdue_does_not_speak_of_the_future(clock):
    notice = Notice(NoticeKind.REMINDER, clock.ticket, clock)
    with as_read_by("en", "Asia/Shanghai"):
        text = text_of(notice, at=NOW)
    assert "Send the first response by tomorrow 03:00 (UTC+8, Shanghai), 7 h left." in text
    assert subject_of(notice, at=NOW) == "[P2] SLA reminder: 50 % black (7 h left)"
    clock.breached_at, late = clock.due_at, clock.due_at + timedelta(minutes=44)
    assert subject_of(notice, at=late) == "[P2] SLA overdue: 50 % black (overdue by 44 min)"
    sentence = f"{clock.ticket.number} was not answered in time. It is still open, overdue by 44 min."
    assert sentence in text_of(notice, at=late)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (ClockKind.FIRST_RESPONSE, "is still unanswered.", "was not answered in time."),
        (ClockKind.UPDATE, "is still owed an update.", "did not get an update in time."),
        (ClockKind.RESOLUTION, "is not resolved yet.", "was not resolved in time."),
    ],
)
def test_a_step_before_the_due_time_does_not_speak_of_a_broken_promise(clock, kind, before, after):
    clock.kind = kind
    notice = Notice(NoticeKind.ESCALATED_TO_YOU, clock.ticket, clock, UserFactory(first_name="Ann"))
    assert f"{before} It is yours now; Ann owned it before." in text_of(notice, at=NOW)
    clock.breached_at = clock.due_at
    assert f"{after} It is yours now; Ann owned it before." in text_of(notice, at=NOW)


def test_a_page_says_once_that_it_is_a_p0():
    notice = Notice(NoticeKind.PAGED, TicketFactory(subject="Black", priority=0))
    assert subject_of(notice, at=NOW) == "[P0] New P0: Black"


def test_a_notice_about_an_unknown_customer_says_so():
    text = text_of(Notice(NoticeKind.NEW_TICKET, TicketFactory(customer=None)), at=NOW)
    assert "Customer: unknown company" in text
    assert "Due" not in text


def test_people_go_by_their_names():
    assert name_of(UserFactory(first_name="Ann", last_name="Lee")) == "Ann Lee"
    assert name_of(UserFactory(username="ann", first_name="")) == "ann"


def test_a_notification_is_listed_under_the_name_of_its_recipient():
    row = NotificationFactory(
        kind=NoticeKind.REMINDER, recipient=UserFactory(first_name="Ann", last_name="Lee")
    )
    assert str(row) == "SLA reminder · Ann Lee"


def test_a_colleagues_reason_is_told_as_theirs(clock):
    ann = UserFactory(first_name="Ann")
    by_hand = Notice(
        NoticeKind.ESCALATED_TO_YOU, clock.ticket, clock, ann, detail="Their CEO called.", by=ann
    )
    voided = Notice(NoticeKind.RESPONSE_VOIDED, clock.ticket, clock, ann, detail="Only hello.")
    assert "Reason given by Ann: Their CEO called." in text_of(by_hand, at=NOW)
    assert "Reason given by Ann: Only hello." in text_of(voided, at=NOW)


def test_a_notice_of_an_unreached_person_is_in_the_readers_language(clock):
    notice = Notice(NoticeKind.UNREACHED, clock.ticket, clock, detail=f"极光\n{NoticeKind.PAGED.value}")
    with as_read_by("zh-hans", "Asia/Shanghai"):
        assert "极光：新的 P0 工单" in text_of(notice, at=NOW)
