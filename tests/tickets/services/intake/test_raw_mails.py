"""Original mails lie apart from what is counted, and everything still finds them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Min
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import AdminFactory, InboundEmailFactory, MessageFactory
from tests.rawmail import rawmail
from tickets import tasks
from tickets.choices import IntakeState
from tickets.mail.classify import MailKind
from tickets.models import InboundEmail, RawMail, Rule
from tickets.services.intake import raw_mails, receive_raw
from tickets.services.intake.erased_mail import erase_mails
from tickets.services.intake.raw_mails import SETTLED, move_raw_mails
from tickets.triage.dry_run import try_on_last_week

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

MAIL = rawmail(body="The room is black. " * 100)


@pytest.fixture
def settled(now: datetime) -> Callable[..., InboundEmail]:
    def make(raw: bytes = MAIL, *, age: timedelta = SETTLED, **more: Any) -> InboundEmail:
        given = {"state": IntakeState.PROCESSED, "received_at": now - age, "size": len(raw), **more}
        row: InboundEmail = InboundEmailFactory(raw=raw, **given)
        InboundEmail.objects.filter(pk=row.pk).update(stored_at=now - age)
        return row

    return make


def again(row: InboundEmail) -> InboundEmail:
    return InboundEmail.objects.get(pk=row.pk)


def test_a_settled_mail_is_moved_packed_and_read_back(settled: Callable[..., InboundEmail]) -> None:
    row = settled()
    assert tasks.move_raw_mails() == "moved 1"
    kept = RawMail.objects.get()
    assert (bytes(again(row).raw), again(row).is_moved, kept.is_packed) == (b"", True, True)
    assert len(kept.data) < len(MAIL) / 5
    assert again(row).original == MAIL
    assert tasks.move_raw_mails() == "moved 0"


def test_what_does_not_shrink_lies_as_it_is(settled: Callable[..., InboundEmail]) -> None:
    noise = Random(1).randbytes(1000)
    row = settled(noise)
    tasks.move_raw_mails()
    assert not RawMail.objects.get().is_packed
    assert again(row).original == noise


@pytest.mark.parametrize(
    "more",
    [
        {"age": SETTLED - timedelta(seconds=1)},
        {"state": IntakeState.STORED},
        {"state": IntakeState.PARKED},
        {"state": IntakeState.FAILED},
        {"state": IntakeState.DISMISSED},
    ],
)
def test_what_may_still_be_worked_on_stays(
    settled: Callable[..., InboundEmail], more: dict[str, Any]
) -> None:
    row = settled(**more)
    assert tasks.move_raw_mails() == "moved 0"
    assert again(row).original == bytes(again(row).raw) == MAIL


def test_many_are_moved_some_at_a_time_and_large_ones_alone(
    settled: Callable[..., InboundEmail], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        settled(rawmail(body=f"Mail {number}", message_id=f"<{number}@x.example>")) for number in range(5)
    ]
    monkeypatch.setattr(raw_mails, "BYTES_TOGETHER", rows[0].size)
    assert raw_mails._next(now) == [rows[0].pk]
    turns = iter([True, True, False])
    assert move_raw_mails(now=now, may_go_on=lambda: next(turns)) == 2
    assert move_raw_mails(now=now, may_go_on=lambda: True) == 3
    assert RawMail.objects.count() == 5


def test_an_erased_mail_stays_erased(settled: Callable[..., InboundEmail]) -> None:
    row, later = settled(), settled(rawmail(message_id="<two@x.example>"))
    tasks.move_raw_mails()
    erase_mails([row.pk])
    assert again(row).original == b""
    assert [kept.pk for kept in RawMail.objects.all()] == [later.pk]


def test_a_mail_that_was_erased_before_is_done_without_a_row(settled: Callable[..., InboundEmail]) -> None:
    row = settled()
    erase_mails([row.pk])
    assert tasks.move_raw_mails() == "moved 1"
    assert (RawMail.objects.count(), again(row).original) == (0, b"")


def test_the_same_mail_again_is_known_though_its_bytes_were_moved(now: datetime) -> None:
    first = receive_raw(raw=MAIL, received_at=now, via="imap")
    changed = MAIL.replace(b"Subject: ", b"X-Relay: one\r\nSubject: ")
    copy = receive_raw(raw=changed, received_at=now, via="imap")
    assert copy.copy_of == first
    InboundEmail.objects.update(state=IntakeState.PROCESSED, stored_at=now - SETTLED)
    assert tasks.move_raw_mails() == "moved 2"
    assert receive_raw(raw=MAIL, received_at=now, via="imap").pk == first.pk
    assert receive_raw(raw=changed, received_at=now, via="imap").pk == copy.pk
    assert InboundEmail.objects.count() == 2


def test_the_original_is_downloaded_as_it_came(
    settled: Callable[..., InboundEmail], login: Callable[[User], Client]
) -> None:
    row = settled()
    tasks.move_raw_mails()
    assert login(AdminFactory()).get(reverse("tickets:original", args=[row.pk])).content == MAIL


def test_a_rule_is_tried_on_moved_mails_in_as_many_queries(
    settled: Callable[..., InboundEmail], now: datetime
) -> None:
    for number in range(3):
        settled(
            rawmail(body="outage", message_id=f"<{number}@x.example>"),
            kind=MailKind.PERSON,
            message=MessageFactory(),
        )
    tasks.move_raw_mails()
    with CaptureQueriesContext(connection) as queries:
        found = try_on_last_week(Rule(name="Outage", words="outage"), InboundEmail.objects.all(), now=now)
    assert (found.read, found.matched, len(queries)) == (3, 3, 1)


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="plans differ")
def test_health_and_board_count_without_reading_rows() -> None:
    mails = InboundEmail.objects
    counted = [
        mails.for_a_person(),
        mails.for_a_person().filter(state=IntakeState.FAILED),
        mails.for_a_person().filter(ticket=None),
        mails.to_retry(),
        mails.filter(state=IntakeState.STORED),
    ]
    plans = [rows.order_by().values("state").annotate(at=Min("stored_at")).explain() for rows in counted]
    assert [plan for plan in plans if "COVERING INDEX inbound_counts" not in plan] == []
