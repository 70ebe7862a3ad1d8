"""The sentences people are told: complete, in their language and their zone."""

import pytest
from django.utils import timezone, translation

from escalation.choices import ClockKind, NoticeKind
from escalation.notifications.wording import (
    Notice,
    as_read_by,
    moment,
    person_name,
    reader_of,
    subject_of,
    text_of,
)
from tests.factories import (
    NOW,
    ClockFactory,
    CustomerFactory,
    NotificationFactory,
    TicketFactory,
    UserFactory,
    staff,
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
        text = text_of(Notice(kind, clock.ticket, clock, other, detail="550 no such user"))
    lines = text.splitlines()
    assert clock.ticket.number in lines[0]
    assert "%" not in lines[0]
    for line in (
        "Customer: Aurora Live",
        "Subject: 50 % black",
        "Received: 2026-11-18 19:00 (CST)",
        "Due: 2026-11-19 03:00 (CST)",
        "550 no such user",
    ):
        assert line in lines
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
    assert "Ann" in text_of(Notice(kind, clock.ticket, clock, UserFactory(first_name="Ann")))


def test_the_subject_says_what_how_urgent_and_which():
    notice = Notice(NoticeKind.REMINDER, TicketFactory(subject="Black", priority=1))
    assert subject_of(notice) == "A promise falls due: P1 Black"


def test_a_reminder_of_what_is_overdue_does_not_speak_of_the_future(clock):
    notice = Notice(NoticeKind.REMINDER, clock.ticket, clock)
    assert "falls due at the time below" in text_of(notice)
    assert subject_of(notice) == "A promise falls due: P2 50 % black"
    clock.breached_at = clock.due_at
    assert subject_of(notice) == "A promise is overdue: P2 50 % black"
    assert f"{clock.ticket.number} had no answer in time. It still waits." in text_of(notice)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        (ClockKind.FIRST_RESPONSE, "still waits for an answer.", "had no answer in time."),
        (ClockKind.UPDATE, "is still to hear how it goes.", "did not hear in time how it goes."),
        (ClockKind.RESOLUTION, "is still to be resolved.", "was not resolved in time."),
    ],
)
def test_a_step_before_the_due_time_does_not_speak_of_a_broken_promise(clock, kind, before, after):
    clock.kind = kind
    notice = Notice(NoticeKind.ESCALATED_TO_YOU, clock.ticket, clock, UserFactory(first_name="Ann"))
    assert f"{before} It is yours now; Ann held it before." in text_of(notice)
    clock.breached_at = clock.due_at
    assert f"{after} It is yours now; Ann held it before." in text_of(notice)


def test_a_page_says_once_that_it_is_a_p0():
    assert (
        subject_of(Notice(NoticeKind.PAGED, TicketFactory(subject="Black", priority=0))) == "P0 opened: Black"
    )


def test_a_ticket_of_nobody_we_know_says_so():
    text = text_of(Notice(NoticeKind.NEW_TICKET, TicketFactory(customer=None)))
    assert "Customer: unknown company" in text
    assert "Due" not in text


def test_inside_the_reader_language_and_zone_are_theirs_and_afterwards_as_before():
    before = (translation.get_language(), timezone.get_current_timezone_name())
    with as_read_by("zh-hans", "America/New_York"):
        assert translation.get_language() == "zh-hans"
        assert moment(NOW).endswith("07:00 (EST)")
    assert (translation.get_language(), timezone.get_current_timezone_name()) == before


def test_a_reader_without_a_profile_reads_as_the_desk_does(settings):
    assert reader_of(staff(language="zh-hans", time_zone="Europe/Berlin")) == ("zh-hans", "Europe/Berlin")
    assert reader_of(UserFactory()) == (settings.LANGUAGE_CODE, settings.DESK_TIME_ZONE)


def test_people_go_by_their_names():
    assert person_name(UserFactory(first_name="Ann", last_name="Lee")) == "Ann Lee"
    assert person_name(UserFactory(username="ann", first_name="")) == "ann"


def test_a_notification_goes_by_the_name_of_whom_it_tells():
    row = NotificationFactory(
        kind=NoticeKind.REMINDER, recipient=UserFactory(first_name="Ann", last_name="Lee")
    )
    assert str(row) == "A promise falls due · Ann Lee"
