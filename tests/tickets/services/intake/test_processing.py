"""Processing survives bad mails, busy databases, second tries and people who decide otherwise.

Tests incoming_mail and faults too.
"""

import errno
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, ProgrammingError, connection
from django.test.utils import CaptureQueriesContext

from escalation.policies.book import current_book
from tests.factories import (
    NOW,
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    InboundEmailFactory,
    MailboxFactory,
    set_desk,
)
from tests.rawmail import rawmail
from tickets import tasks
from tickets.choices import IntakeState
from tickets.errors import DeskError
from tickets.models import InboundEmail, Mailbox, Ticket
from tickets.models.message import ATTACHMENTS
from tickets.services.intake import (
    dismiss,
    incoming_mail,
    process,
    process_again,
    receive_raw,
    release_parked,
)
from tickets.services.intake.batches import MOST_TOGETHER
from tickets.services.intake.faults import MOST_TRIES, next_try

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mailbox() -> Mailbox:
    set_desk(intake_owner=AdminFactory())
    return MailboxFactory(address="support@desk.example")


def stored(raw: bytes | None = None, **mail: Any) -> InboundEmail:
    return receive_raw(raw=raw or rawmail(**mail), received_at=NOW, via="imap")


@pytest.fixture
def broken(monkeypatch):
    """Makes the step that opens tickets fail; returns what mends it."""
    patch = pytest.MonkeyPatch()

    def fail(*_a: object, **_k: object) -> None:
        Ticket.objects.create(subject="half done", owner=AdminFactory(), opened_at=NOW, updated_at=NOW)
        raise RuntimeError("the disk\x00 is full")

    patch.setattr("tickets.services.intake.human_mail.open_within", fail)
    yield patch
    patch.undo()


def test_a_mail_that_fails_is_kept_with_its_error_and_leaves_nothing_behind(broken):
    row = process(stored().pk, now=NOW)
    assert row is not None
    assert (row.state, row.error, row.attempts) == (IntakeState.FAILED, "RuntimeError: the disk is full", 1)
    assert bytes(row.raw) == rawmail()
    assert Ticket.objects.count() == 0


def test_a_failed_mail_can_be_processed_again_and_keeps_its_receipt(broken):
    row = stored()
    process(row.pk, now=NOW)
    broken.undo()
    row.refresh_from_db()
    again = process_again(inbound=row, actor=AdminFactory(), at=NOW + timedelta(hours=3))
    assert (again.state, again.error, again.attempts) == (IntakeState.PROCESSED, "", 2)
    assert again.ticket.opened_at == NOW


def test_bytes_that_are_no_mail_fail_with_a_sentence():
    row = process(stored(raw=b"\x00\xff\x00\xff").pk, now=NOW)
    assert row is not None
    assert row.state == IntakeState.FAILED
    assert row.error == "no line of this looks like the header of a mail"


def test_a_desk_without_staff_says_what_is_missing(mailbox):
    set_desk(intake_owner=None).delete()
    AdminFactory._meta.model.objects.update(is_active=False)
    row = process(stored().pk, now=NOW)
    assert row is not None
    assert "no staff member" in row.error


FAULTS = [OperationalError("server closed the connection"), ProgrammingError("no such column: x")]


def raising(error: Exception) -> Any:
    def fail(*_a: object, **_k: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("fault", FAULTS, ids=["away", "not migrated"])
def test_a_fault_of_the_database_leaves_the_mail_as_it_was(monkeypatch, fault):
    row = stored()
    monkeypatch.setattr(incoming_mail, "parse", raising(fault))
    with pytest.raises(type(fault)):
        process(row.pk, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.error, row.attempts) == (IntakeState.STORED, "", 0)


def test_the_minute_task_goes_on_after_a_fault_of_the_database(monkeypatch, frozen):
    row = stored()
    monkeypatch.setattr(incoming_mail, "parse", raising(FAULTS[0]))
    assert tasks.process_stored() == "processed 0"
    monkeypatch.undo()
    assert tasks.process_stored() == "processed 1"
    row.refresh_from_db()
    assert row.state == IntakeState.PROCESSED


def test_a_processed_mail_is_not_processed_twice():
    row = stored()
    process(row.pk, now=NOW)
    assert process(row.pk, now=NOW) is None
    assert Ticket.objects.count() == 1


def test_only_a_failed_mail_is_processed_again_by_hand():
    row = stored()
    process(row.pk, now=NOW)
    row.refresh_from_db()
    with pytest.raises(DeskError):
        process_again(inbound=row, actor=AdminFactory(), at=NOW)


def test_a_mail_received_in_the_future_counts_from_now():
    row = receive_raw(raw=rawmail(), received_at=NOW + timedelta(minutes=3), via="imap")
    processed = process(row.pk, now=NOW)
    assert processed is not None
    assert processed.ticket.opened_at == NOW


# Parked mail


NEWSLETTER = {"List-Id": "<news.company.example>", "Precedence": "bulk"}


@pytest.fixture
def parked() -> InboundEmail:
    row = process(stored(headers=NEWSLETTER).pk, now=NOW)
    assert row is not None
    assert row.state == IntakeState.PARKED
    return row


def test_parked_mail_is_released_as_a_ticket_with_its_receipt_time(parked):
    boss = AdminFactory(first_name="Bo", last_name="Boss")
    row = release_parked(inbound=parked, actor=boss, at=NOW + timedelta(days=2))
    assert row.state == IntakeState.PROCESSED
    assert row.ticket.opened_at == NOW
    assert "Bo Boss" in row.reason


def test_parked_mail_is_released_once(parked):
    release_parked(inbound=parked, actor=AdminFactory(), at=NOW)
    with pytest.raises(DeskError):
        release_parked(inbound=parked, actor=AdminFactory(), at=NOW)
    assert Ticket.objects.count() == 1


def test_parked_mail_that_cannot_be_released_stays_parked(parked, broken):
    row = release_parked(inbound=parked, actor=AdminFactory(), at=NOW)
    assert (row.state, "disk" in row.error) == (IntakeState.PARKED, True)


def test_a_released_mail_of_a_machine_is_not_acknowledged(parked):
    row = release_parked(inbound=parked, actor=AdminFactory(), at=NOW)
    assert row.ticket.outbound.count() == 0


def test_a_dismissed_mail_says_who_decided_and_can_still_become_a_ticket(parked):
    boss = AdminFactory(first_name="Bo", last_name="Boss")
    reason = parked.reason
    row = dismiss(inbound=parked, actor=boss, at=NOW)
    row.refresh_from_db()
    assert (row.state, row.reason) == (IntakeState.DISMISSED, f"Dismissed by Bo Boss. {reason}")
    assert not Ticket.objects.exists()
    assert release_parked(inbound=row, actor=boss, at=NOW).state == IntakeState.PROCESSED
    assert Ticket.objects.count() == 1


def test_a_failed_mail_can_be_dismissed():
    row = process(stored(b"no mail at all").pk, now=NOW)
    assert row.state == IntakeState.FAILED
    dismiss(inbound=row, actor=AdminFactory(), at=NOW)
    row.refresh_from_db()
    assert row.state == IntakeState.DISMISSED


def test_only_held_mail_can_be_dismissed():
    row = process(stored().pk, now=NOW)
    with pytest.raises(DeskError):
        dismiss(inbound=row, actor=AdminFactory(), at=NOW)


# Tasks


def test_the_minute_task_processes_what_no_nudge_reached(frozen):
    rows = [stored(message_id=f"<{number}@company.example>") for number in range(3)]
    tasks.process_stored()
    assert {row.state for row in InboundEmail.objects.filter(pk__in=[r.pk for r in rows])} == {"processed"}


def test_the_minute_task_leaves_the_rest_when_its_queue_stops(frozen, monkeypatch):
    for number in range(MOST_TOGETHER + 3):
        stored(message_id=f"<{number}@company.example>", body=f"Room {number} is black.")
    answers = iter([False, True])
    monkeypatch.setattr(tasks, "is_ending", lambda: next(answers))
    assert tasks.process_stored() == f"processed {MOST_TOGETHER}"


def test_one_bad_mail_stops_no_other(frozen, mailbox):
    InboundEmailFactory(mailbox=mailbox, raw=b"\x00\xff", received_at=NOW - timedelta(hours=1))
    good = stored()
    tasks.process_stored()
    good.refresh_from_db()
    assert good.state == IntakeState.PROCESSED
    assert InboundEmail.objects.filter(state=IntakeState.FAILED).count() == 1


def test_a_nudge_for_a_mail_that_is_done_does_nothing(frozen):
    row = stored()
    assert tasks.process_one(row.pk) == "processed"
    assert tasks.process_one(row.pk) == "done already"


def test_unreadable_mail_waits_for_a_person(frozen):
    row = process(stored(raw=b"\x00\xff").pk, now=NOW)
    assert row is not None
    tasks.process_stored()
    row.refresh_from_db()
    assert row.attempts == 1


# Order


def test_a_mail_does_not_overtake_the_one_that_it_answers():
    """After an outage both wait, and the queue may begin with the second one."""
    question = stored(message_id="<one@company.example>")
    answer = stored(
        message_id="<two@company.example>",
        body="And no sound either.",
        headers={"In-Reply-To": "<one@company.example>", "References": "<one@company.example>"},
    )
    done = process(answer.pk, now=NOW)
    assert done is not None
    question.refresh_from_db()
    assert (question.state, done.state) == (IntakeState.PROCESSED, IntakeState.PROCESSED)
    assert question.ticket == done.ticket == Ticket.objects.get()
    assert process(question.pk, now=NOW) is None


def test_two_mails_that_answer_each_other_do_not_wait_for_each_other():
    first = stored(message_id="<one@company.example>", headers={"In-Reply-To": "<two@company.example>"})
    second = stored(message_id="<two@company.example>", headers={"In-Reply-To": "<one@company.example>"})
    process(first.pk, now=NOW)
    assert not InboundEmail.objects.exclude(state=IntakeState.PROCESSED).exists()
    assert process(second.pk, now=NOW) is None
    assert Ticket.objects.count() == 1


# Cost


def test_a_mail_of_a_known_contact_costs_few_queries(mailbox):
    """Storing, ticket, message, its words and acknowledgement.

    Savepoints stand for transactions, and promises are counted apart.
    """
    customer = CustomerFactory(account_manager=AdminFactory())
    ContactFactory(email="li@company.example", customer=customer)
    current_book()
    with CaptureQueriesContext(connection) as captured:
        row = receive_raw(raw=rawmail(), received_at=NOW, via="imap", mailbox=mailbox)
        process(row.pk, now=NOW)
    cost = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    own_queries = [sql for sql in cost if '"escalation_' not in sql]
    turns = connection.vendor == "postgresql"  # one to take the sender's turn
    assert len(own_queries) == 11 + turns, "\n".join(own_queries)


def test_what_could_not_be_read_of_a_mail_is_kept_with_it(now):
    raw = rawmail(headers={"MIME-Version": "1.0", "Content-Type": "application/pkcs7-mime; name=smime.p7m"})
    row = process(receive_raw(raw=raw, received_at=now, via="lmtp").pk, now=now)
    row.refresh_from_db()
    assert row.notes == ["encrypted_smime"]


# Faults of ours


def no_room(*_a: object, **_k: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def with_files(**headers: str) -> bytes:
    mail = EmailMessage()
    named = {"From": "li@company.example", "Subject": "Black screen", "Message-ID": "<one@company.example>"}
    for name, value in {**named, **headers}.items():
        mail[name] = value
    mail.set_content("The room is black.")
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="plan.pdf")
    mail.add_attachment(b"lines", maintype="application", subtype="octet-stream", filename="log.bin")
    return mail.as_bytes()


def files() -> list[Path]:
    folder = Path(default_storage.path(ATTACHMENTS))
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("tries", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (29, 60)], ids=lambda number: str(number)
)
def test_a_mail_that_failed_by_our_fault_waits_longer_each_time(tries, minutes):
    assert next_try(TypeError(), tries=tries, at=NOW) == NOW + timedelta(minutes=minutes)


def test_a_mail_that_failed_by_our_fault_needs_a_person_after_about_a_day():
    waits = [next_try(TypeError(), tries=tries, at=NOW) for tries in range(1, MOST_TRIES)]
    assert timedelta(hours=20) < sum((wait - NOW for wait in waits), timedelta()) < timedelta(hours=30)
    assert next_try(TypeError(), tries=MOST_TRIES, at=NOW) is None


def test_a_mail_that_failed_by_our_fault_becomes_its_ticket_by_itself(broken, frozen):
    row = process(stored().pk, now=NOW)
    assert row.retry_at == NOW + timedelta(minutes=1)
    broken.undo()
    assert tasks.process_stored() == "processed 0"
    frozen.shift(timedelta(minutes=1))
    assert tasks.process_stored() == "processed 1"
    row.refresh_from_db()
    assert (row.state, row.retry_at, row.ticket.opened_at) == (IntakeState.PROCESSED, None, NOW)


def test_a_mail_that_fails_again_is_left_to_the_others_and_written_down_once(broken, frozen, caplog):
    row = stored()
    tasks.process_stored()
    frozen.shift(timedelta(minutes=1))
    good = InboundEmailFactory(mailbox=row.mailbox, raw=rawmail(headers=NEWSLETTER), received_at=NOW)
    tasks.process_stored()
    row.refresh_from_db()
    good.refresh_from_db()
    assert (row.attempts, row.retry_at) == (2, NOW + timedelta(minutes=3))
    assert good.state == IntakeState.PARKED
    told = [record for record in caplog.records if record.levelname != "INFO"]
    lines = [record for record in told if f"Mail {row.pk} " in record.message]
    assert [bool(line.exc_info) for line in lines] == [True, False]


def test_a_mail_nobody_can_read_is_not_tried_again():
    assert process(stored(b"no mail at all").pk, now=NOW).retry_at is None


def test_a_dismissed_mail_is_not_tried_again(broken, frozen):
    row = process(stored().pk, now=NOW)
    dismiss(inbound=row, actor=AdminFactory(), at=NOW)
    broken.undo()
    frozen.shift(timedelta(minutes=1))
    assert tasks.process_stored() == "processed 0"
    assert not Ticket.objects.exists()


def test_a_full_disk_leaves_the_mail_as_it_was_and_it_goes_on_when_there_is_room(monkeypatch, frozen):
    row = stored(with_files())
    patch = pytest.MonkeyPatch()
    patch.setattr(default_storage, "save", no_room)
    assert tasks.process_stored() == "processed 0"
    row.refresh_from_db()
    assert (row.state, row.error, row.attempts) == (IntakeState.STORED, "", 0)
    patch.undo()
    assert tasks.process_stored() == "processed 1"
    assert len(files()) == 2


def test_what_fails_after_its_files_leaves_none_of_them(monkeypatch):
    monkeypatch.setattr("tickets.services.opening.add_tags", raising(RuntimeError("a bug")))
    row = process(stored(with_files()).pk, now=NOW)
    assert (row.state, files()) == (IntakeState.FAILED, [])


def test_who_releases_a_mail_onto_a_full_disk_is_told(monkeypatch):
    row = process(stored(with_files(**NEWSLETTER)).pk, now=NOW)
    monkeypatch.setattr(default_storage, "save", no_room)
    with pytest.raises(DeskError, match="No space left on device"):
        release_parked(inbound=row, actor=AdminFactory(), at=NOW)
    row.refresh_from_db()
    assert row.state == IntakeState.PARKED


def test_mail_stays_on_its_servers_while_the_disk_has_too_little_room(settings, mailbox, monkeypatch):
    fetched = []
    monkeypatch.setattr(tasks, "fetch_due", lambda **_clock: fetched.append("all") or [])
    monkeypatch.setattr(tasks, "import_due", lambda **_clock: [])
    settings.DISK_LEAST_MB = 10_000_000  # more than this machine's disk has
    assert (tasks.fetch_mail(), tasks.fetch_one(mailbox.pk), fetched) == ("no room", "no room", [])
    settings.DISK_LEAST_MB = 0
    assert (tasks.fetch_mail(), fetched) == ("nothing due", ["all"])
