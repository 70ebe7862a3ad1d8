"""Whatever one mail's attributes or bytes are, the next mail of its mailbox is fetched. From a real IMAP server."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.factories import NOW, AdminFactory, MailboxFactory, set_desk
from tests.hostileimap import HostileMail, HostileServer, hostile_imap
from tests.rawmail import rawmail
from tickets.choices import ReceiptTime
from tickets.models import InboundEmail, Mailbox, MailboxFolder, OutboundEmail
from tickets.models.mailbox import AfterFetch, MailSecurity
from tickets.services.downloading import topmost_receipt
from tickets.services.fetching import fetch_mailbox
from tickets.services.intake import process
from tickets.services.leases import FetchReport

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_imap() as server:
        yield server


@pytest.fixture
def mailbox(server: HostileServer, settings) -> Mailbox:
    settings.MAIL_MAX_BYTES = 10_000
    settings.MAIL_TIMEOUT_SECONDS = 5
    return MailboxFactory(
        host="127.0.0.1", port=server.port, security=MailSecurity.NONE, username="u", password="p"
    )


def inbox(mailbox: Mailbox) -> MailboxFolder:
    return mailbox.folders.get(name="INBOX")


def fetch(mailbox: Mailbox) -> FetchReport:
    report = fetch_mailbox(mailbox.pk, read_clock=lambda: NOW)
    mailbox.refresh_from_db()
    return report


def put_between_good_mails(server: HostileServer, **odd: object) -> None:
    """Three mails, the middle one odd."""
    for uid in (1, 2, 3):
        raw = rawmail(message_id=f"<{uid}@company.example>", headers=RECEIVED if uid == 2 else {})
        server.mails[uid] = HostileMail(raw, **odd if uid == 2 else {})  # type: ignore[arg-type]


RECEIVED = {"Received": "from relay.example by mx.desk.example; Wed, 18 Nov 2026 10:00:07 +0000"}


def rows() -> list[InboundEmail]:
    return list(InboundEmail.objects.order_by("pk"))


@pytest.mark.parametrize(
    "date",
    [
        '"31-Feb-2026 10:00:00 +0000"', '"00-Jan-0000 00:00:00 +0000"', '" 1-Jan-1970 25:61:61 +9999"', '""', "NIL",
        '"yesterday"', "12345", '"01-Jan-1904 00:00:00 +1400"', '"31-Dec-9999 23:59:59 -1200"', "(1 2)", None,
    ],
)  # fmt: skip
def test_an_impossible_date_stops_nothing_and_the_mail_says_where_its_time_is_from(server, mailbox, date):
    put_between_good_mails(server, date=date)
    report = fetch(mailbox)
    assert (report.stored, report.problem, inbox(mailbox).last_uid) == (3, "", 3)
    assert [row.receipt for row in rows()] == [
        ReceiptTime.SERVER,
        ReceiptTime.RECEIVED_LINE,
        ReceiptTime.SERVER,
    ]
    assert rows()[1].received_at == datetime(2026, 11, 18, 10, 0, 7, tzinfo=UTC)


def test_a_mail_without_any_time_counts_from_when_it_was_fetched(server, mailbox):
    server.mails[1] = HostileMail(rawmail(), date="NIL")
    fetch(mailbox)
    assert (rows()[0].receipt, rows()[0].received_at) == (ReceiptTime.FETCH, NOW)


@pytest.mark.parametrize("size", ["-1", "many", "99999999999999999999999", "0", "1", "NIL", '"12"', None])
def test_an_impossible_size_stops_nothing(server, mailbox, size):
    put_between_good_mails(server, size=size)
    report = fetch(mailbox)
    assert (report.stored, report.problem, inbox(mailbox).last_uid) == (3, "", 3)


def test_a_mail_of_unknown_size_is_read_up_to_the_limit_only(server, mailbox):
    server.mails[1] = HostileMail(rawmail(body="x" * 50_000), size=None)
    fetch(mailbox)
    (row,) = rows()
    assert row.size > 10_000 > len(row.raw)
    assert b"xxx" not in row.raw


@pytest.mark.parametrize("literal", ["9" * 15, "9" * 30, "1", "-5", "many", "0"])
def test_a_literal_of_an_impossible_length_stops_nothing(server, mailbox, literal):
    put_between_good_mails(server, literal=literal)
    report = fetch(mailbox)
    assert (len(rows()), inbox(mailbox).last_uid, report.problem) == (3, 3, "")
    assert [row.rfc_message_id for row in rows()][::2] == ["1@company.example", "3@company.example"]


@pytest.mark.parametrize("command", ["BODY.PEEK[]", "BODY.PEEK", "RFC822.SIZE", "FETCH"])
def test_a_connection_that_breaks_at_one_mail_stops_nothing(server, mailbox, command):
    put_between_good_mails(server, breaks_on=command)
    report = fetch(mailbox)
    assert (len(rows()), inbox(mailbox).last_uid, report.problem) == (3, 3, "")
    server.mails[4] = HostileMail(rawmail(message_id="<4@company.example>"))
    assert fetch(mailbox).stored == 1


@pytest.mark.parametrize("fault", ["breaks_on", "refuses"])
def test_a_mail_that_cannot_be_marked_is_stored_once_and_stops_nothing(server, mailbox, fault):
    put_between_good_mails(server, **{fault: "STORE"})
    report = fetch(mailbox)
    assert (len(rows()), inbox(mailbox).last_uid) == (3, 3)
    assert b"The room is black" in rows()[1].raw
    assert "Email 2 is stored but could not be marked" in report.problem


@pytest.mark.parametrize("command", ["BODY.PEEK[]", "BODY.PEEK"])
def test_a_mail_that_is_refused_stops_nothing(server, mailbox, command):
    put_between_good_mails(server, refuses=command)
    report = fetch(mailbox)
    assert (len(rows()), inbox(mailbox).last_uid, report.problem) == (3, 3, "")


def test_a_mail_whose_attributes_break_the_connection_is_stored_whole(server, mailbox):
    put_between_good_mails(server, breaks_on="RFC822.SIZE")
    fetch(mailbox)
    assert (b"The room is black" in rows()[1].raw, rows()[1].receipt) == (True, ReceiptTime.RECEIVED_LINE)
    assert rows()[1].size == len(rows()[1].raw)


def test_a_mail_that_the_server_withholds_is_not_called_too_large(server, mailbox):
    set_desk(intake_owner=AdminFactory())
    put_between_good_mails(server, refuses="BODY.PEEK[]")
    fetch(mailbox)
    ticket = process(rows()[1].pk, now=NOW).ticket
    notes = " ".join(ticket.messages.filter(kind="note").values_list("body", flat=True))
    assert "did not hand over this email whole" in notes
    assert "too large" not in notes
    assert not OutboundEmail.objects.filter(subject__contains="too large").exists()


def test_a_mail_that_cannot_be_fetched_leaves_a_row_that_says_so(server, mailbox):
    put_between_good_mails(server, breaks_on="BODY.PEEK")
    fetch(mailbox)
    assert b"Subject: Mail 2 of INBOX cannot be fetched" in rows()[1].raw
    assert rows()[1].size > len(rows()[1].raw)


@pytest.mark.parametrize("after", [AfterFetch.DELETE, AfterFetch.MOVE])
def test_a_mail_that_is_not_stored_whole_stays_on_its_server(server, mailbox, after):
    Mailbox.objects.filter(pk=mailbox.pk).update(after_fetch=after, move_to="Done")
    put_between_good_mails(server, breaks_on="BODY.PEEK[]")
    server.mails[3].raw = rawmail(message_id="<3@company.example>", body="x" * 20_000)
    fetch(mailbox)
    touched = [command for command in server.commands if "STORE" in command or "MOVE" in command]
    assert [command.split(" ")[2] for command in touched] == ["1"]


def test_a_mail_is_fetched_whole_after_one_broken_connection(server, mailbox):
    """A cut connection is asked for the whole mail again."""
    put_between_good_mails(server, breaks_on="BODY.PEEK[]")
    original = server.mails[2]

    class Once(list):
        def append(self, command: str) -> None:
            super().append(command)
            if server.logins == 2:
                original.breaks_on = ""

    server.commands = Once()
    fetch(mailbox)
    assert b"The room is black" in rows()[1].raw


def test_a_server_that_refuses_the_next_login_is_reported_and_not_tried_for_ever(server, mailbox):
    server.most_logins = 1
    put_between_good_mails(server, breaks_on="BODY.PEEK")
    report = fetch(mailbox)
    assert (len(rows()), mailbox.failures) == (1, 1)
    assert "connection" in report.problem


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (b"Received: by mx; Wed, 18 Nov 2026 18:00:07 +0800\r\nReceived: by a; Mon, 1 Jan 2001 0:0 +0", 10),
        (
            b"X: 1\r\nReceived: from a (b; c)\r\n\tby mx\r\n\twith LMTP;\r\n\tWed, 18 Nov 2026 10:00:07 -0000",
            10,
        ),
        (b"Received: by mx; Wed, 18 Nov 2026 10:00:07", 10),
        (b"Received: by mx", None),
        (b"Received: by mx; 99 Foo 2026", None),
        (b"Received: by mx; Wed, 18 Nov 99999 10:00:07 +0000", None),
        (b"Received: by mx; Wed, 18 Nov 0500 10:00:07 +0000", None),
        (b"", None),
        (b"Received: " + b";" * 100_000, None),
    ],
)
def test_the_topmost_received_header_gives_the_time_of_receipt(value, time):
    expected = datetime(2026, 11, 18, time, 0, 7, tzinfo=UTC) if time else None
    assert topmost_receipt(value + b"\r\nSubject: x\r\n\r\nbody") == expected


def test_a_number_that_is_no_uid_stops_nothing(server, mailbox):
    for uid in (1, 2**64, 2):
        server.mails[uid] = HostileMail(rawmail(message_id=f"<{uid}@x.example>"))
    report = fetch_mailbox(mailbox.pk, read_clock=lambda: NOW)
    assert (report.problem, report.stored, inbox(mailbox).last_uid) == ("", 2, 2)
