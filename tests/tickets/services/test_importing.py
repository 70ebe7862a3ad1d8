"""Mail from before a mailbox began is imported as closed tickets: nothing is promised, nobody is told.

Tests intake.history too.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from escalation.models import Clock, Notification
from tests.factories import AdminFactory, ContactFactory, CustomerFactory, MailboxFactory, set_desk
from tests.imapfake import FakeServer
from tests.rawmail import bounce, rawmail
from tickets import tasks
from tickets.choices import Fact, IntakeState, Status
from tickets.errors import DeskError
from tickets.models import InboundEmail, Mailbox, OutboundEmail, Ticket
from tickets.services.conversation import reply
from tickets.services.failed_responses import fail_response
from tickets.services.fetching import fetch_mailbox
from tickets.services.importing import ImportReport, begin_import, import_due, preview_import
from tickets.services.intake import process, receive_raw

pytestmark = pytest.mark.django_db

BEGAN = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=1)
SINCE = BEGAN - timedelta(days=30)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    server = FakeServer()
    monkeypatch.setattr("tickets.protocols.imap.CheckedClient", server.client)
    return server


@pytest.fixture
def mailbox() -> Mailbox:
    set_desk(intake_owner=AdminFactory())
    box = MailboxFactory(
        address="support@desk.example", host="imap.desk.example", username="support", password="secret"
    )
    box.folders.update(begins_at=BEGAN)
    box.refresh_from_db()
    return box


def days_before(days: float) -> datetime:
    return BEGAN - timedelta(days=days)


def fill(server: FakeServer) -> None:
    """Five mails: too old, the first day, the day before, one that is fetched anyway, and today's."""
    for uid, at in enumerate((31, 30, 1, 0, -0.02), start=1):
        server.add(rawmail(message_id=f"<{uid}@company.example>"), days_before(at), uid=uid)


def begin(mailbox: Mailbox) -> None:
    begin_import(mailbox=mailbox, since=SINCE, actor=AdminFactory(), at=NOW)


def imported(mailbox: Mailbox, *, process_all: bool = True) -> ImportReport:
    (report,) = import_due(read_clock=lambda: NOW)
    for row in InboundEmail.objects.filter(state=IntakeState.STORED).order_by("pk") if process_all else ():
        process(row.pk, now=NOW)
    mailbox.refresh_from_db()
    return report


def ids() -> list[str]:
    return list(InboundEmail.objects.order_by("pk").values_list("rfc_message_id", flat=True))


def test_the_preview_counts_what_would_be_imported(server, mailbox):
    fill(server)
    preview = preview_import(mailbox=mailbox, since=SINCE, at=NOW)
    assert (preview.mails, preview.first, preview.last) == (2, days_before(30), days_before(1))
    assert preview.size == 2 * len(rawmail(message_id="<2@company.example>"))
    assert not InboundEmail.objects.exists()


def test_only_mail_from_the_chosen_day_until_the_mailbox_began_is_imported(server, mailbox):
    fill(server)
    begin(mailbox)
    assert (imported(mailbox).stored, ids()) == (2, ["2@company.example", "3@company.example"])
    assert (mailbox.imported, mailbox.import_ended_at) == (2, NOW)
    fetch_mailbox(mailbox.pk, read_clock=lambda: NOW)
    assert ids() == [f"{uid}@company.example" for uid in (2, 3, 4, 5)]


def test_it_becomes_closed_tickets_that_promise_nothing_and_tell_nobody(server, mailbox, queued):
    ContactFactory(email="li@company.example", customer=CustomerFactory())
    server.add(rawmail(subject="[P0] Black screen"), days_before(2), uid=1)
    begin(mailbox)
    imported(mailbox)
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.opened_at, ticket.closed_at) == (
        Status.CLOSED,
        days_before(2),
        days_before(2),
    )
    assert (ticket.is_history, ticket.unanswered_since) == (True, None)
    assert ticket.messages.get().body == "The room is black."
    line = ticket.timeline.get()
    assert (line.fact, line.data["message"]) == (Fact.IMPORTED, ticket.messages.get().pk)
    for model in (Clock, OutboundEmail, Notification):
        assert not model.objects.exists()
    assert not Ticket.objects.real().exists()


def test_a_conversation_is_one_ticket(server, mailbox):
    answer = {"In-Reply-To": "<one@company.example>"}
    server.add(rawmail(), days_before(3), uid=1)
    server.add(
        rawmail(message_id="<two@company.example>", body="Still.", headers=answer), days_before(2), uid=2
    )
    begin(mailbox)
    imported(mailbox)
    ticket = Ticket.objects.get()
    assert [message.body for message in ticket.messages.all()] == ["The room is black.", "Still."]
    assert (ticket.status, ticket.unanswered_since) == (Status.CLOSED, None)


OTHER_MAIL = {
    "bounce": bounce(original_id="<x@desk.example>", recipient="li@company.example"),
    "out of office": rawmail(headers={"Auto-Submitted": "auto-replied"}),
    "newsletter": rawmail(headers={"List-Id": "<news.company.example>", "List-Unsubscribe": "<mailto:x@y>"}),
}


@pytest.mark.parametrize("raw", OTHER_MAIL.values(), ids=OTHER_MAIL)
def test_what_nobody_wrote_stays_in_the_list_of_mail(server, mailbox, raw):
    server.add(raw, days_before(2), uid=1)
    begin(mailbox)
    imported(mailbox)
    assert InboundEmail.objects.get().state == IntakeState.PROCESSED
    assert not Ticket.objects.exists()


def test_nothing_is_changed_on_the_server(server, mailbox):
    fill(server)
    Mailbox.objects.update(after_fetch="delete")
    begin(mailbox)
    imported(mailbox)
    assert sorted(server.folders["INBOX"]) == [1, 2, 3, 4, 5]
    assert not any(mail.flags for mail in server.folders["INBOX"].values())


def test_mail_that_is_here_already_is_not_imported_again(server, mailbox):
    fill(server)
    begin(mailbox)
    imported(mailbox)
    begin(mailbox)
    report = imported(mailbox)
    assert (report.stored, report.known, len(ids())) == (0, 2, 2)


def test_an_import_that_was_cut_off_goes_on_after_the_last_mail(server, mailbox):
    fill(server)
    begin(mailbox)
    mailbox.folders.update(import_uid=2, import_validity=server.uid_validity)
    imported(mailbox)
    assert ids() == ["3@company.example"]


def test_uids_that_mean_nothing_any_more_begin_it_anew(server, mailbox):
    fill(server)
    begin(mailbox)
    mailbox.folders.update(import_uid=5, import_validity=server.uid_validity + 1)
    imported(mailbox)
    assert len(ids()) == 2


def test_a_server_that_is_away_is_recorded_and_tried_later(server, mailbox, monkeypatch):
    fill(server)
    begin(mailbox)

    def refuse(*_a: Any, **_k: Any) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as away:
        away.setattr("tickets.protocols.imap.CheckedClient", refuse)
        assert imported(mailbox).problem
    assert (mailbox.failures, mailbox.import_ended_at, mailbox.locked_until) == (1, None, None)
    (report,) = import_due(read_clock=lambda: NOW + timedelta(minutes=20))
    assert (report.stored, report.is_done) == (2, True)


def test_a_mailbox_that_is_being_fetched_is_left_to_the_fetch(server, mailbox):
    fill(server)
    begin(mailbox)
    Mailbox.objects.update(locked_until=NOW + timedelta(minutes=5))
    assert import_due(read_clock=lambda: NOW) == []


def test_only_one_import_of_a_mailbox_runs(server, mailbox):
    begin(mailbox)
    with pytest.raises(DeskError, match="running"):
        begin(mailbox)


@pytest.mark.parametrize(
    ("since", "host"), [(BEGAN, "imap.desk.example"), (SINCE, "")], ids=["too late", "no host"]
)
def test_an_import_that_can_find_nothing_is_refused(server, mailbox, since, host):
    mailbox.host = host
    for act in (
        lambda: preview_import(mailbox=mailbox, since=since, at=NOW),
        lambda: begin_import(mailbox=mailbox, since=since, actor=AdminFactory(), at=NOW),
    ):
        with pytest.raises(DeskError):
            act()


def test_the_task_of_every_minute_goes_on_with_it(server, mailbox, frozen):
    fill(server)
    begin(mailbox)
    frozen.move_to(NOW)
    assert "2 imported" in tasks.fetch_mail()


def test_when_the_customer_goes_on_with_an_imported_ticket_it_is_promised_and_counted(server, mailbox):
    ContactFactory(email="li@company.example", customer=CustomerFactory())
    server.add(rawmail(), days_before(1), uid=1)
    begin(mailbox)
    imported(mailbox)
    answer = rawmail(message_id="<two@company.example>", headers={"In-Reply-To": "<one@company.example>"})
    process(receive_raw(raw=answer, received_at=NOW, via="lmtp").pk, now=NOW)
    ticket = Ticket.objects.real().get()
    assert (ticket.status, ticket.is_history) == (Status.OPEN, False)
    assert Clock.objects.get().started_at == NOW


def test_an_answer_that_bounces_makes_no_imported_question_wait(server, mailbox):
    ContactFactory(email="li@company.example", customer=CustomerFactory())
    server.add(rawmail(), days_before(1), uid=1)
    begin(mailbox)
    imported(mailbox)
    answer = rawmail(message_id="<two@company.example>", headers={"In-Reply-To": "<one@company.example>"})
    ticket = process(receive_raw(raw=answer, received_at=NOW, via="lmtp").pk, now=NOW).ticket
    later = NOW + timedelta(minutes=5)
    message = reply(ticket=ticket, actor=ticket.owner, at=later, body="Update the SDK.")
    fail_response(message=message, at=later, answer="550 no such user")
    ticket.refresh_from_db()
    assert ticket.unanswered_since == NOW


def test_a_mail_to_two_mailboxes_keeps_its_promise_though_one_of_them_imports_it(server, mailbox):
    server.add(rawmail(), days_before(1), uid=1)
    begin(mailbox)
    imported(mailbox)
    live = receive_raw(
        raw=rawmail(), received_at=NOW, via="lmtp", mailbox=MailboxFactory(address="live@desk.example")
    )
    process(live.pk, now=NOW)
    assert Ticket.objects.real().get().unanswered_since == NOW
