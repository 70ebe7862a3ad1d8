"""Bytes that are moved while their words are erased are erased too, on PostgreSQL with real connections."""

import threading
from datetime import datetime

import pytest
from django.db import connection, connections, transaction

from tests.factories import InboundEmailFactory
from tests.rawmail import rawmail
from tickets.choices import IntakeState
from tickets.models import InboundEmail, RawMail
from tickets.services.intake.erased_mail import erase_mails
from tickets.services.intake.raw_mails import SETTLED, _move, move_raw_mails

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen")]

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def mail(now: datetime) -> InboundEmail:
    row: InboundEmail = InboundEmailFactory(
        raw=rawmail(), state=IntakeState.PROCESSED, received_at=now - SETTLED
    )
    InboundEmail.objects.update(stored_at=now - SETTLED)
    return row


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


def test_an_erasing_that_waits_for_the_move_takes_what_was_moved(mail: InboundEmail) -> None:
    def erase() -> None:
        try:
            erase_mails([mail.pk])
        finally:
            connections.close_all()

    eraser = threading.Thread(target=erase)
    with transaction.atomic():
        assert _move([mail.pk]) == 1
        eraser.start()
        while not waits_for_a_lock():
            assert eraser.is_alive()
    eraser.join(30)
    mail.refresh_from_db()
    assert (mail.original, RawMail.objects.count()) == (b"", 0)


def test_a_mail_that_somebody_works_on_is_left_to_the_next_round(mail: InboundEmail, now: datetime) -> None:
    done: list[int] = []

    def move() -> None:
        try:
            done.append(move_raw_mails(now=now, may_go_on=lambda: True))
        finally:
            connections.close_all()

    with transaction.atomic():
        InboundEmail.objects.select_for_update().get(pk=mail.pk)
        mover = threading.Thread(target=move)
        mover.start()
        mover.join(30)
    assert done == [0]
    assert move_raw_mails(now=now, may_go_on=lambda: True) == 1
