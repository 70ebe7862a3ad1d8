"""Telling one person one thing: a row, and its mail in the outbox."""

import pytest
from django.utils import translation

from escalation.choices import NoticeKind
from escalation.models import Notification
from escalation.services.notices import Notice
from escalation.services.notify import tell
from tests.factories import ClockFactory, EscalationFactory, UserFactory, staff
from tests.talk import minute
from tickets.choices import MailPurpose, OutboxState
from tickets.models import OutboundEmail

pytestmark = pytest.mark.django_db


def told(recipient, **more) -> Notification:
    clock = ClockFactory()
    return tell(recipient, Notice(NoticeKind.REMINDER, clock.ticket, clock), at=minute(3), **more)


def test_the_row_says_who_was_told_what_when_and_why():
    escalation, ann = EscalationFactory(), staff("ann")
    row = told(ann, escalation=escalation)
    assert (row.recipient, row.kind, row.created_at) == (ann, NoticeKind.REMINDER, minute(3))
    assert (row.ticket, row.escalation) == (row.clock.ticket, escalation)


def test_its_mail_waits_in_the_outbox(queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        mail = told(staff("ann")).mail
    assert (mail.purpose, mail.state, mail.recipients) == (
        MailPurpose.NOTIFICATION,
        OutboxState.QUEUED,
        ["ann@desk.example"],
    )
    assert mail.created_at == mail.next_try_at == minute(3)
    assert mail.message is None
    assert queued.names == ["tickets.tasks.deliver_outbox"]


def test_it_is_written_in_the_readers_language(monkeypatch):
    heard = []
    monkeypatch.setattr(
        "escalation.services.notify.text_of", lambda notice: heard.append(translation.get_language()) or "-"
    )
    told(staff("ann", language="zh-hans"))
    assert heard == ["zh-hans"]


@pytest.mark.parametrize("address", ["", "ann", "support@desk.example"])
def test_somebody_without_a_usable_address_finds_it_in_the_desk(settings, address):
    settings.DESK_ADDRESS = "support@desk.example"
    row = told(UserFactory(email=address))
    assert row.mail is None
    assert not OutboundEmail.objects.exists()
