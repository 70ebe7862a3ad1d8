"""Erasing a person or a company: no trace of them is left in the desk, and what was promised can still be shown.

Tests stages, removal and belongings too. tests/planting.py walks all models and files, so that what is added tomorrow
is looked at tomorrow.
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django_q.models import Task

from customers.models import Contact, Customer, MailDomain
from escalation.enforcement.acknowledge import escalate_now
from escalation.exports.pack import export_week
from escalation.lib.weeks import Week
from escalation.models import ClockEvent, WeeklyExport
from escalation.proof.sealing import seal_ledger
from escalation.proof.whole_proof import prove_all, prove_new
from supportdesk import tasks
from supportdesk.models import ErasedKind, Erasure, ErasureRequest
from supportdesk.personal_data import erasing
from supportdesk.personal_data.belongings import belongings_of, models_of_the_desk
from supportdesk.personal_data.columns import Treatment, treatment_of
from supportdesk.personal_data.erasing import begin_erasure, carry_on, erase_what_is_left
from supportdesk.personal_data.subjects import Subject
from tests import planting
from tests.factories import (
    AttachmentFactory,
    ContactFactory,
    ContactWayFactory,
    CustomerFactory,
    MailboxFactory,
    staff,
)
from tests.rawmail import rawmail
from tests.talk import answered, asked, called, dispatched, minute, noted, opened
from tickets.choices import OutboxState, Status
from tickets.errors import DeskError
from tickets.message_content import MessageContent
from tickets.models import (
    Attachment,
    InboundEmail,
    Message,
    MissingMail,
    OutboundEmail,
    Participant,
    RawMail,
    Ticket,
)
from tickets.services.erasing import remove_erased_files
from tickets.services.failed_responses import fail_response
from tickets.services.intake import process, receive_raw
from tickets.services.intake.raw_mails import move_raw_mails
from tickets.services.mail_marks import mark_as_automatic
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db

NAME, EMAIL, PHONE = "Zebulon Quartermain", "zebulon@quartermain.example", "+44 7700 900123"
WORDS, SUBJECT, BYTES = "xyzzyplugh", "Quuxblackout", b"frobozzbytes"
MARKERS = (
    NAME, "zebulon", "quartermain", EMAIL, PHONE, "900123", WORDS, SUBJECT, BYTES.decode(), b64encode(BYTES).decode(),
)  # fmt: skip
DAVE = "dave@elsewhere.example"
COMPANY = "Xanadu Broadcasting"
OF_COMPANY = (COMPANY, "xanadu", "kublakhan.example", "+86 10 5555 0199", "5555 0199")
LATER = minute(8 * 24 * 60)


def places(*markers: str) -> list[str]:
    return sorted({each[:300] for each in planting.traces_left(*markers)})


def said(body: str, sender: str = EMAIL, **more: Any) -> MessageContent:
    return MessageContent(body=body, sender_address=sender, **more)


@pytest.fixture
def director():
    return staff("dora", groups=["Support director"])


@pytest.fixture
def ann():
    return staff("ann", reports_to=staff("lead", groups=["Team lead"]), groups=["Account manager"])


@pytest.fixture
def customer(ann) -> Customer:
    return CustomerFactory(
        name=COMPANY, code="xanadu", hotline="+86 10 5555 0199", tech_group="Xanadu war room", account_manager=ann,
        note=f"Ask for {NAME}.",
    )  # fmt: skip


@pytest.fixture
def contact(customer) -> Contact:
    return ContactFactory(customer=customer, name=NAME, email=EMAIL, phone=PHONE)


@pytest.fixture
def ticket(contact, ann) -> Ticket:
    """A whole story: mail with a file, an answer that quotes it, an escalation, a call, a note, notifications."""
    raw = rawmail(
        sender=f"{NAME} <{EMAIL}>", subject=SUBJECT, body=_with_file(f"Our room {WORDS} is black. {NAME}"),
        content_type="multipart/mixed; boundary=b", message_id="<one@quartermain.example>",
    )  # fmt: skip
    row = process(
        receive_raw(raw=raw, received_at=minute(0), via="imap", mailbox=MailboxFactory()).pk, now=minute(1)
    )
    assert row is not None
    assert row.ticket is not None
    ticket = row.ticket
    answer = answered(ticket, 5)
    fail_response(message=answer, at=minute(5.5), answer=f"550 5.1.1 <{EMAIL}>: no such user")
    asked(ticket, 6, words=said(f"And {WORDS} again", sender_name=NAME, reply_to=EMAIL))
    escalate_now(ticket=ticket, actor=ann, at=minute(7), reason="I need help.")
    called(ticket, 9, reached=NAME, body=f"Told {NAME} about {WORDS}.")
    noted(ticket, 10)
    dispatched(11)
    return Ticket.objects.get(pk=ticket.pk)


def _with_file(text: str) -> str:
    file = b64encode(BYTES).decode()
    return "\r\n".join(
        [
            "--b", "Content-Type: text/plain; charset=utf-8", "", text,
            "--b", "Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64",
            f'Content-Disposition: attachment; filename="{WORDS}.bin"', "", file, "--b--",
        ]
    )  # fmt: skip


@pytest.fixture
def colleague(customer) -> Contact:
    return ContactFactory(customer=customer, name="Dave Bowman", email=DAVE)


@pytest.fixture
def others(colleague, contact) -> Ticket:
    """A ticket of a colleague of theirs, to which they wrote, and which names them."""
    ticket = opened(0, contact=colleague, words=said(f"Please tell {EMAIL}, our {NAME}, too.", DAVE))
    asked(ticket, 3, words=said("And now the sound is gone.", DAVE))
    theirs = asked(ticket, 4, words=said(f"I add {WORDS}.", sender_name=NAME))
    Message.objects.filter(pk=theirs.pk).update(contact=contact, sender_address=EMAIL)
    Participant.objects.create(ticket=ticket, name=NAME, address=EMAIL, added_at=minute(4))
    noted(ticket, 5)
    ticket.messages.filter(body="Looks like the SDK.").update(body=f"{NAME} called from {PHONE}.")
    answered(ticket, 6)
    return Ticket.objects.get(pk=ticket.pk)


@pytest.fixture
def desk(ticket, others, contact, customer, director) -> None:
    """What else there is of them, then everything is sent, sealed and packed."""
    parked = rawmail(
        sender=f"{NAME} <{EMAIL}>", subject=SUBJECT, body=WORDS, message_id="<two@quartermain.example>"
    )
    mailbox = MailboxFactory()
    held = receive_raw(raw=parked, received_at=minute(20), via="imap", mailbox=mailbox)
    InboundEmail.objects.filter(pk=held.pk).update(state="parked", sender=EMAIL, subject=SUBJECT)
    MissingMail.objects.create(
        mailbox=mailbox, folder="INBOX", uid_validity=1, uid=5, sender=f"{NAME} <{EMAIL}>", subject=SUBJECT,
        found_at=minute(20),
    )  # fmt: skip
    mark_as_automatic(
        message=ticket.messages.filter(kind="inbound").latest("at"), actor=director, at=minute(21)
    )
    kind = ContentType.objects.get_for_model(Contact)
    LogEntry.objects.create(
        user=director, content_type=kind, object_id=str(contact.pk), object_repr=NAME, action_flag=CHANGE,
        action_time=minute(22), change_message=f'[{{"changed": {{"name": "{NAME}"}}}}]',
    )  # fmt: skip
    contact.customer = customer
    MailDomain.objects.create(customer=customer, domain="kublakhan.example")
    ContactWayFactory(customer=customer, user=None, shown="Xanadu war room")
    customer.note = f"Ask for {NAME}, {PHONE}."
    customer.save()  # the audit writes what it was
    OutboundEmail.objects.update(state=OutboxState.ACCEPTED)
    InboundEmail.objects.update(stored_at=minute(1))
    Contact.objects.update(created_at=minute(0))
    move_raw_mails(now=minute(2 * 24 * 60), may_go_on=iter([True, False]).__next__)
    seal_ledger(at=minute(30))
    export_week(week=Week(2026, 47), at=LATER, actor=director)
    OutboundEmail.objects.update(state=OutboxState.ACCEPTED)
    assert planting.traces_left(EMAIL)
    assert RawMail.objects.exists()


def planted(*seeds: Any) -> set[str]:
    """The traces of the person in every column of what belongs to these rows, and in one row of each other model."""
    planting.make_rows()
    done: set[str] = set()
    for seed in seeds:
        for model, keys in belongings_of({type(seed): {seed.pk}}).items():
            if model not in planting.AS_THEY_ARE | {Message}:
                done.update(planting.plant(model, keys, words=WORDS, address=EMAIL))
    for model in models_of_the_desk():
        if model not in planting.AS_THEY_ARE | {Message, Contact, Customer}:
            free = model._base_manager.exclude(pk__in=[]).order_by("-pk").values_list("pk", flat=True)[:1]
            done.update(planting.plant(model, list(free), words=EMAIL, address=EMAIL))
    return done


def begin(row: Contact | Customer, by: Any, **more: Any) -> Erasure:
    arguments = {
        "requested_by": ErasureRequest.PERSON, "reason": "A request of 18 November.", "at": LATER + timedelta(hours=1),
        "though_open": True,
    } | more  # fmt: skip
    return begin_erasure(subject=Subject.of(row), actor=by, **arguments)


def erased(row: Contact | Customer, by: Any, **more: Any) -> Erasure:
    erasure = begin(row, by, **more)
    assert carry_on(erasure.pk, read_clock=lambda: LATER, may_go_on=lambda: True)
    remove_erased_files()
    return Erasure.objects.get(pk=erasure.pk)


def test_no_trace_of_an_erased_person_is_left_anywhere(desk, contact, ticket, director):
    planted(contact, ticket)
    erasure = erased(contact, director)
    assert places(*MARKERS) == []
    assert erasure.done_at == LATER
    assert erasure.traces == {}


def test_every_column_of_text_gets_a_trace_in_that_test(desk, contact, ticket):
    """Except what cannot hold one: too short, unique, or said in columns.py to hold nothing about anybody."""
    done = planted(contact, ticket)
    missed = {
        f"{model._meta.label}.{field.name}"
        for model in models_of_the_desk()
        for field in model._meta.concrete_fields
        if model not in planting.AS_THEY_ARE | {Message, Contact, Customer}
        and treatment_of(field) is not Treatment.KEEP
        and planting._has_room(field, EMAIL)
        and not planting._is_a_place(field)
    } - done
    assert missed == set()


def test_no_trace_of_an_erased_customer_is_left_anywhere(desk, customer, contact, ticket, others, director):
    planted(customer, contact, ticket, others)
    erased(customer, director)
    assert places(*MARKERS, *OF_COMPANY, "bowman", "elsewhere.example") == []


def test_the_ledger_still_verifies_and_rests_on_erased_words(desk, contact, ticket, director):
    lines = ClockEvent.objects.count()
    erased(contact, director)
    assert prove_all().mismatches == ()
    assert prove_new(now=LATER).mismatches == ()
    assert ClockEvent.objects.count() == lines
    seal_ledger(at=LATER + timedelta(hours=2))
    assert prove_all().mismatches == ()
    assert ticket.clocks.exists()


def test_the_promises_of_an_erased_customer_still_verify(desk, customer, director):
    erased(customer, director)
    assert prove_all().mismatches == ()


def test_a_mark_stands_for_the_person_and_the_tickets_keep_it(desk, contact, ticket, director):
    erased(contact, director)
    contact.refresh_from_db()
    ticket.refresh_from_db()
    mark = f"[#{contact.pk}]"
    assert (contact.name, contact.email, contact.phone, contact.is_active) == (mark, "", "", False)
    assert ticket.contact == contact
    assert ticket.customer.note == f"Ask for {mark}, {mark}."


def test_what_others_wrote_stays_where_no_promise_rests_on_it(desk, contact, others, director):
    """A note is marked; a question that a promise rests on goes as a whole, as its digest is sealed."""
    erased(contact, director)
    mark = f"[#{contact.pk}]"
    bodies = [message.body for message in others.messages.order_by("at", "pk")]
    assert f"{mark} called from {mark}." in bodies
    assert "And now the sound is gone." in bodies
    assert not any("our" in body for body in bodies)
    assert not others.participants.exists()


def test_rows_of_strangers_are_as_they_were(desk, contact, director):
    stranger = opened(0, contact=ContactFactory(name="Zebulon", customer=CustomerFactory()))
    OutboundEmail.objects.update(state=OutboxState.ACCEPTED)
    before = [
        *Message.objects.filter(ticket=stranger).order_by("pk").values_list("body", "sender_name", "salt")
    ]
    erased(contact, director)
    after = [
        *Message.objects.filter(ticket=stranger).order_by("pk").values_list("body", "sender_name", "salt")
    ]
    assert after == before
    assert stranger.contact.name == "Zebulon"


def test_the_row_says_who_asked_who_did_it_when_why_and_how_much(desk, contact, director):
    erasure = erased(contact, director)
    assert (erasure.kind, erasure.number, erasure.actor) == (ErasedKind.CONTACT, contact.pk, director)
    assert (erasure.requested_by, erasure.reason) == (ErasureRequest.PERSON, "A request of 18 November.")
    assert erasure.counts["ticket"] == 1
    assert erasure.counts["attachment"] == 1
    assert erasure.counts["message"] >= 5


def test_the_pack_gets_a_redacted_revision_that_names_the_original(desk, contact, director):
    first = WeeklyExport.objects.get()
    sheet = first.files.get(name="tickets.csv")
    erased(contact, director)
    second = WeeklyExport.objects.get(revision=2)
    with default_storage.open(second.files.get(name="manifest.json").path) as content:
        manifest = json.loads(content.read())
    removed = {(each["revision"], each["name"]): each["sha256"] for each in manifest["redacts"]["removed"]}
    assert removed[1, "tickets.csv"] == sheet.sha256
    assert manifest["redacts"]["manifest_sha256"] == first.files.get(name="manifest.json").sha256
    assert not default_storage.exists(sheet.path)
    assert (second.as_of, second.checked_until) == (first.as_of, first.checked_until)


def test_stopped_anywhere_it_goes_on(desk, contact, director, monkeypatch):
    """Each step is killed once, after its work and before its commit."""
    planted(contact)
    erasure = begin(contact, director)
    killed: set[tuple[str, str]] = set()
    take_a_step = erasing._take_a_step

    def dies(row: Erasure, at: Any) -> None:
        place = (row.stage, row.after)
        take_a_step(row, at)
        if place not in killed:
            killed.add(place)
            raise KeyboardInterrupt

    monkeypatch.setattr(erasing, "_take_a_step", dies)
    for _try in range(500):
        try:
            if carry_on(erasure.pk, read_clock=lambda: LATER, may_go_on=lambda: True):
                break
        except KeyboardInterrupt:
            continue
    remove_erased_files()
    assert len(killed) > 20
    assert places(*MARKERS) == []
    assert WeeklyExport.objects.count() == 2


def test_the_task_goes_on_with_all_that_are_under_way(desk, contact, colleague, director):
    begin(contact, director)
    begin(colleague, director, reason="Another request.")
    assert erase_what_is_left(read_clock=lambda: LATER, may_go_on=lambda: True) == "erased 2 of 2"
    assert erase_what_is_left(read_clock=lambda: LATER, may_go_on=lambda: True) == "erased 0 of 0"


def test_beginning_asks_the_queue_after_the_commit(
    contact, director, monkeypatch, django_capture_on_commit_callbacks
):
    asked_for: list[str] = []
    monkeypatch.setattr(
        "supportdesk.personal_data.nudge.async_task", lambda name, *_args, **_more: asked_for.append(name)
    )
    with django_capture_on_commit_callbacks(execute=True):
        begin(contact, director)
        assert asked_for == []
    assert asked_for == ["supportdesk.tasks.go_on_erasing"]


@pytest.mark.parametrize(("seconds", "nudges"), [(0, 1), (100, 0)])
def test_a_run_that_ends_before_the_work_asks_for_another(
    contact, director, monkeypatch, settings, tmp_path, seconds, nudges
):
    settings.BACKUP_FOLDER = str(tmp_path)
    monkeypatch.setattr(tasks, "ERASE_FOR", timedelta(seconds=seconds))
    asked_for: list[str] = []
    monkeypatch.setattr(tasks, "nudge_erasing", lambda: asked_for.append("again"))
    begin(contact, director)
    assert tasks.go_on_erasing() == f"erased {1 - nudges} of 1"
    assert asked_for == ["again"] * nudges
    assert (tmp_path / "erasures.jsonl").read_text().count("A request of 18 November.") == 1


def test_without_the_right_nobody_erases(contact, ann):
    with pytest.raises(DeskError, match="may not erase"):
        begin(contact, ann)
    contact.refresh_from_db()
    assert contact.name == NAME


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        ("  ", "Give a reason"),
        (f"{NAME} asked.", "without names"),
        (f"A mail of {EMAIL.upper()}.", "without names"),
        ("He called from +447700900123.", "without names"),
    ],
)
def test_a_reason_is_needed_and_names_nobody(contact, director, reason, refusal):
    with pytest.raises(DeskError, match=refusal):
        begin(contact, director, reason=reason)
    assert not Erasure.objects.exists()


def test_open_tickets_have_to_be_confirmed(contact, director):
    opened(0, contact=contact)
    OutboundEmail.objects.update(state=OutboxState.ACCEPTED)
    with pytest.raises(DeskError, match="open tickets"):
        begin(contact, director, though_open=False)
    assert begin(contact, director).though_open


def test_mail_on_its_way_is_waited_for(contact, director):
    ticket = opened(0, contact=contact)
    answered(ticket, 5)
    with pytest.raises(DeskError, match="on its way"):
        begin(contact, director)


def test_twice_at_once_is_refused(contact, director):
    begin(contact, director)
    with pytest.raises(DeskError, match="being erased already"):
        begin(contact, director)


def test_reasons_in_the_ledger_that_name_them_stay_and_are_counted(contact, director, ann):
    ticket = opened(0, contact=contact)
    set_status(
        ticket=ticket, status=Status.CLOSED, actor=ticket.owner, at=minute(50), reason=f"Spoke with {NAME}."
    )
    OutboundEmail.objects.update(state=OutboxState.ACCEPTED)
    assert erased(contact, director).counts["kept_in_ledger"] == 2
    assert prove_all().mismatches == ()


def test_what_a_task_of_the_queue_said_of_them_goes(contact, director):
    for number, result in enumerate((f"550 <{EMAIL}> unknown", "processed 3")):
        Task.objects.create(
            id=f"{number}",
            name="x",
            func="x",
            started=minute(0),
            stopped=minute(1),
            success=False,
            result=result,
        )
    erased(contact, director)
    assert [task.result for task in Task.objects.all()] == ["processed 3"]


def test_files_of_others_stay(desk, contact, others, director):
    kept = AttachmentFactory(
        message=others.messages.get(body__startswith="And now"), file=ContentFile(b"other bytes", name="x")
    )
    erased(contact, director)
    assert list(Attachment.objects.all()) == [kept]
