"""Each kind of data goes after its own number of days, and by default none does."""

from datetime import timedelta
from io import StringIO

import pytest
from auditlog.models import LogEntry as AuditEntry
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.utils import translation

from customers.models import Customer
from escalation.models import Notification
from escalation.proof.erased_words import gaps_in_words
from escalation.proof.whole_proof import prove_all
from supportdesk import tasks
from supportdesk.models import SignIn
from supportdesk.personal_data.retention import KINDS, count_old, remove_old
from tests.factories import (
    AttachmentFactory,
    ContactFactory,
    CustomerFactory,
    NotificationFactory,
    UserFactory,
    staff,
)
from tests.rawmail import rawmail
from tests.talk import answered, minute
from tickets.choices import OutboxState, Status
from tickets.erased_text import erased_in_words
from tickets.models import Attachment, InboundEmail, Message, OutboundEmail, RawMail, Ticket
from tickets.services.intake import process, receive_raw
from tickets.services.intake.raw_mails import move_raw_mails
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
# Of everything the last row is 90 minutes old; what is kept for a day goes at the end of that day.
OLD, YOUNG = minute(90) + DAY, minute(-1) + DAY
SETTINGS = sorted({kind.setting for kind in KINDS})


@pytest.fixture
def ticket(settings) -> Ticket:
    """A closed ticket with a file, a notification, an audit entry and a sign-in; all is of the first hour."""
    customer = CustomerFactory(name="Xanadu", account_manager=staff("ann", groups=["Account manager"]))
    ContactFactory(customer=customer, email="li@company.example")
    row = process(
        receive_raw(raw=rawmail(body="Black."), received_at=minute(0), via="imap").pk, now=minute(1)
    )
    assert row is not None
    assert row.ticket is not None
    assert row.message is not None
    AttachmentFactory(message=row.message)
    answered(row.ticket, 5)
    OutboundEmail.objects.update(state=OutboxState.ACCEPTED, created_at=minute(5))
    set_status(ticket=row.ticket, status=Status.CLOSED, actor=row.ticket.owner, at=minute(60), reason="Done.")
    Notification.objects.all().delete()
    NotificationFactory(state="sent", created_at=minute(5))
    LogEntry.objects.create(
        user=UserFactory(), content_type=ContentType.objects.get_for_model(Customer), object_id=str(customer.pk),
        object_repr="Xanadu", action_flag=CHANGE, action_time=minute(5),
    )  # fmt: skip
    SignIn.objects.create(
        name="ann", address="", device="", agent="", method="password", outcome="in", at=minute(5)
    )
    AuditEntry.objects.update(timestamp=minute(5))
    InboundEmail.objects.update(stored_at=minute(0))
    return Ticket.objects.get(pk=row.ticket.pk)


def counts(now) -> dict[str, int]:
    return {each.kind.name: each.count for each in count_old(now=now)}


def removed(now) -> dict[str, int]:
    return {each.kind.name: each.count for each in remove_old(now=now, may_go_on=lambda: True)}


def keep_all_for_a_day(settings) -> None:
    for name in SETTINGS:
        setattr(settings, name, 1)


def test_by_default_everything_is_kept_but_sign_ins(ticket):
    in_ten_years = minute(0) + 3650 * DAY
    assert {name for name, count in removed(in_ten_years).items() if count} == {"sign-ins"}
    assert Message.objects.exclude(body="").count() == 2


def test_each_kind_goes_when_its_time_is_over_and_not_a_minute_before(ticket, settings):
    keep_all_for_a_day(settings)
    assert set(counts(YOUNG).values()) == {0}
    audited = AuditEntry.objects.count()
    expected = {
        "raw-mail": 1, "files": 1, "sent-mail": 2, "words": 1, "notifications": 1, "audit": audited, "history": 1,
        "sign-ins": 1,
    }  # fmt: skip
    assert audited
    assert counts(OLD) == expected
    assert removed(OLD) == expected
    assert set(removed(OLD).values()) == {0}


def test_words_go_and_the_promise_is_still_proven(ticket, settings):
    settings.KEEP_CLOSED_WORDS_DAYS = 1
    remove_old(now=OLD, may_go_on=lambda: True)
    assert not Message.objects.exclude(body="", sender_address="").exists()
    assert not Attachment.objects.exists()
    ticket.refresh_from_db()
    assert (ticket.subject, ticket.contact.email) == ("", "li@company.example")
    assert prove_all().mismatches == ()
    message = ticket.messages.first()
    assert erased_in_words(message).startswith("Words erased on 2026-11-19")
    assert "kept for long enough and erased on 2026-11-19" in list(gaps_in_words())[1]


def test_an_open_ticket_keeps_its_words_and_files(ticket, settings):
    keep_all_for_a_day(settings)
    Ticket.objects.update(status=Status.OPEN, closed_at=None)
    assert (counts(OLD)["words"], counts(OLD)["files"]) == (0, 0)


def test_moved_bytes_go_too(ticket, settings):
    settings.KEEP_RAW_MAIL_DAYS = 1
    move_raw_mails(now=OLD, may_go_on=iter([True, False]).__next__)
    assert RawMail.objects.exists()
    assert removed(OLD)["raw-mail"] == 1
    assert not RawMail.objects.exists()
    assert InboundEmail.objects.get().subject == "Black screen"


def test_mail_that_waits_for_a_person_keeps_its_bytes(ticket, settings):
    settings.KEEP_RAW_MAIL_DAYS = 1
    InboundEmail.objects.update(state="parked")
    assert counts(OLD)["raw-mail"] == 0


def test_it_stops_when_it_is_told_and_says_that_there_is_more(ticket, settings):
    keep_all_for_a_day(settings)
    removed = remove_old(now=OLD, may_go_on=lambda: False)
    assert not any(each.is_all or each.count for each in removed)


def test_the_command_counts_without_removing(ticket, settings, monkeypatch):
    keep_all_for_a_day(settings)
    settings.KEEP_FILES_DAYS = 0
    monkeypatch.setattr("supportdesk.management.commands.retention.time_of_record.now", lambda: OLD)
    call_command("retention", "--dry-run", stdout=(out := StringIO()))
    lines = out.getvalue().splitlines()
    assert "Emails as they came: 1 would be removed (KEEP_RAW_MAIL_DAYS=1)" in lines
    assert "Files of closed tickets: all kept (KEEP_FILES_DAYS=0)" in lines
    assert Message.objects.exclude(body="").count() == 2
    call_command("retention", stdout=(out := StringIO()))
    assert "Words of closed tickets: 1 removed (KEEP_CLOSED_WORDS_DAYS=1)" in out.getvalue().splitlines()
    assert not Message.objects.exclude(body="").exists()


def test_the_nightly_task_says_what_it_removed(ticket, settings, monkeypatch):
    settings.KEEP_NOTIFICATIONS_DAYS = 1
    monkeypatch.setattr("supportdesk.tasks.time_of_record.now", lambda: OLD)
    assert tasks.remove_old_data() == "notifications 1"
    assert tasks.remove_old_data() == "nothing is old enough"


def test_the_reader_is_told_in_chinese_too(ticket, settings):
    settings.KEEP_CLOSED_WORDS_DAYS = 1
    remove_old(now=OLD, may_go_on=lambda: True)
    with translation.override("zh-hans"):
        assert "保留期限" in erased_in_words(ticket.messages.first())
