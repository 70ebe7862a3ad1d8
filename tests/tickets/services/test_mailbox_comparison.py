"""What a server has and the desk has not is listed and can be fetched; what the desk has in any form is not listed."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import MailboxFactory
from tests.imapfake import FakeServer
from tests.rawmail import rawmail
from tickets import tasks
from tickets.errors import DeskError
from tickets.models import InboundEmail, Mailbox, MissingMail
from tickets.models.mailbox import MailProtocol
from tickets.services import mailbox_comparison
from tickets.services.fetching import fetch_mailbox
from tickets.services.mailbox_comparison import compare_mailboxes, fetch_missing

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    server = FakeServer()
    monkeypatch.setattr("tickets.protocols.imap.CheckedClient", server.client)
    return server


@pytest.fixture
def mailbox() -> Mailbox:
    box = MailboxFactory(
        address="support@desk.example", host="imap.desk.example", username="support", password="secret"
    )
    box.folders.update(begins_at=NOW - timedelta(days=30))
    return box


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def mail(number: int, **more: str) -> bytes:
    return rawmail(message_id=f"<{number}@company.example>", subject=f"Mail {number}", **more)


def fetched(mailbox: Mailbox) -> None:
    assert fetch_mailbox(mailbox.pk, read_clock=lambda: NOW).problem == ""


def lost(*numbers: int) -> None:
    """Rows that the desk should have and has not, as after a fault of ours."""
    InboundEmail.objects.filter(
        rfc_message_id__in=[f"{number}@company.example" for number in numbers]
    ).delete()


def compared(at: datetime = NOW) -> list[str]:
    reports = compare_mailboxes(read_clock=lambda: at)
    assert [report.problem for report in reports] == [""]
    return list(MissingMail.objects.order_by("uid").values_list("subject", flat=True))


def test_what_is_there_is_not_missed(server, mailbox):
    for number in (1, 2):
        server.add(mail(number), hours_ago(5))
    fetched(mailbox)
    assert compared() == []


def test_what_the_desk_lost_is_listed_with_what_its_head_says(server, mailbox):
    for number in (1, 2, 3):
        server.add(mail(number), hours_ago(5))
    fetched(mailbox)
    lost(2)
    assert compared() == ["Mail 2"]
    row = MissingMail.objects.get()
    assert (row.mailbox, row.folder, row.uid, row.rfc_message_id) == (
        mailbox,
        "INBOX",
        2,
        "2@company.example",
    )
    assert (row.sender, row.received_at, row.found_at) == ("li@company.example", hours_ago(5), NOW)
    assert server.folders["INBOX"][2].flags == {b"\\Seen"}  # as the fetch left it


@pytest.mark.parametrize(("hours", "found"), [(0.9, []), (1, ["Mail 1"]), (71, ["Mail 1"]), (73, [])])
def test_only_the_last_days_are_compared_and_nothing_that_may_be_on_its_way(server, mailbox, hours, found):
    server.add(mail(1), hours_ago(hours))
    fetched(mailbox)
    lost(1)
    assert compared() == found


def test_mail_from_before_the_folder_began_is_not_missed(server, mailbox):
    mailbox.folders.update(begins_at=hours_ago(2))
    server.add(mail(1), hours_ago(5))
    fetched(mailbox)
    assert compared() == []


def test_mail_that_the_next_fetch_will_take_is_not_missed(server, mailbox):
    fetched(mailbox)
    server.add(mail(1), hours_ago(5))
    assert compared() == []


def test_a_mail_without_a_message_id_is_recognised_by_its_bytes(server, mailbox):
    server.add(rawmail(message_id="", subject="No id"), hours_ago(5))
    fetched(mailbox)
    assert compared() == []
    InboundEmail.objects.all().delete()
    assert compared() == ["No id"]


def test_of_two_mails_with_the_same_id_the_one_that_is_gone_is_missed(server, mailbox):
    """Devices reuse an id for years."""
    server.add(rawmail(subject="First"), hours_ago(6))
    server.add(rawmail(subject="Second"), hours_ago(5))
    fetched(mailbox)
    assert compared() == []
    InboundEmail.objects.latest("pk").delete()
    assert compared() == ["Second"]


def test_the_same_bytes_twice_are_one_row_and_nothing_is_missed(server, mailbox):
    server.add(mail(1), hours_ago(6))
    server.add(mail(1), hours_ago(5))
    fetched(mailbox)
    assert InboundEmail.objects.count() == 1
    assert compared() == []


def test_a_mail_of_another_mailbox_does_not_count(server, mailbox):
    server.add(mail(1), hours_ago(5))
    fetched(mailbox)
    InboundEmail.objects.update(mailbox=MailboxFactory(address="rooms@desk.example"))
    assert compared() == ["Mail 1"]


def test_what_is_no_longer_missing_leaves_the_list_and_the_rest_keeps_its_time(server, mailbox):
    for number in (1, 2):
        server.add(mail(number), hours_ago(5))
    fetched(mailbox)
    lost(1, 2)
    compared()
    del server.folders["INBOX"][1]
    assert compared(NOW + timedelta(hours=1)) == ["Mail 2"]
    assert MissingMail.objects.get().found_at == NOW


def test_a_missing_mail_is_fetched_when_a_person_asks(server, mailbox):
    server.add(mail(1), hours_ago(5))
    fetched(mailbox)
    lost(1)
    compared()
    fetch_missing(missing=MissingMail.objects.get(), at=NOW)
    row = InboundEmail.objects.get()
    assert (row.rfc_message_id, row.received_at, row.mailbox) == ("1@company.example", hours_ago(5), mailbox)
    assert not MissingMail.objects.exists()
    assert compared() == []


def test_a_mail_that_is_gone_meanwhile_only_leaves_the_list(server, mailbox):
    server.add(mail(1), hours_ago(5))
    fetched(mailbox)
    lost(1)
    compared()
    server.folders["INBOX"].clear()
    fetch_missing(missing=MissingMail.objects.get(), at=NOW)
    assert not MissingMail.objects.exists()
    assert not InboundEmail.objects.exists()


def test_a_server_in_trouble_is_a_sentence_and_keeps_the_list(server, mailbox):
    server.add(mail(1), hours_ago(5))
    fetched(mailbox)
    lost(1)
    compared()
    server.fails_with = ConnectionRefusedError()
    assert "Nothing is listening" in tasks.compare_mailboxes()
    with pytest.raises(DeskError, match="Nothing is listening"):
        fetch_missing(missing=MissingMail.objects.get(), at=NOW)
    assert MissingMail.objects.count() == 1


def test_an_answer_that_nobody_understands_stops_no_other_folder(server, mailbox, monkeypatch):
    other = MailboxFactory(host="imap.desk.example", username="other", password="secret")
    compare = mailbox_comparison.compare_folder

    def nonsense_from_the_first(folder, *, at):
        if folder.mailbox == mailbox:
            raise KeyError("UIDVALIDITY")
        return compare(folder, at=at)

    monkeypatch.setattr(mailbox_comparison, "compare_folder", nonsense_from_the_first)
    first, second = compare_mailboxes(read_clock=lambda: NOW)
    assert ("cannot read" in first.problem, second.problem) == (True, "")
    assert second.place.startswith(other.address)


def test_a_folder_that_will_be_read_anew_is_left_to_the_fetch(server, mailbox):
    server.add(mail(1), hours_ago(5))
    fetched(mailbox)
    lost(1)
    server.uid_validity = 2
    assert compared() == []


def test_the_task_says_how_each_folder_went(server, mailbox, frozen):
    assert tasks.compare_mailboxes() == "support@desk.example INBOX: 0 missing"
    Mailbox.objects.update(is_active=False)
    assert tasks.compare_mailboxes() == "no mailbox to compare"


def test_of_a_mail_that_is_too_large_only_the_head_is_compared(server, mailbox, settings):
    settings.MAIL_MAX_BYTES = 10_000
    server.add(rawmail(message_id="", subject="Large", body="x" * 20_000), hours_ago(5))
    fetched(mailbox)
    server.fetched.clear()
    assert compared() == []
    assert {item for _uid, item in server.fetched} == {"BODY.PEEK[HEADER]"}


def test_a_mailbox_that_is_fetched_by_pop3_is_left_out(server, mailbox):
    Mailbox.objects.update(protocol=MailProtocol.POP3)
    assert compare_mailboxes(read_clock=lambda: NOW) == []
