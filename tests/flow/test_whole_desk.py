"""One flow on real parts: mail in, an answer from the browser, an escalation, the week's export, and Ctrl-C."""

import csv
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from escalation.lib.weeks import week_of
from escalation.models import Clock
from tests.flow import letters
from tests.flow.browser import page
from tests.flow.desk import ARTEFACTS, FreshDesk
from tests.flow.dovecot import Dovecot
from tests.flow.outside import Letter, Outside
from tests.flow.printing import is_on_paper, printed
from tests.flow.waiting import until
from tests.flow.world import PASSWORD
from tickets.choices import IntakeState
from tickets.models import InboundEmail, Message, Ticket

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("rows")]

DESK_ZONE = ZoneInfo("Asia/Shanghai")  # the desk of the flow keeps the default
QUESTION = "How long are recordings kept?"
ANSWER = "Recordings are kept for 90 days; the attached file has the details."
ANNA, LEA = "anna@staff.example", "lea@staff.example"


def test_the_whole_desk(desk: FreshDesk, inbox: Dovecot, outside: Outside, tmp_path: Path) -> None:
    delivered = deliver_the_samples(desk, inbox)
    nothing_is_lost(inbox, delivered)
    customers_are_acknowledged_and_machines_are_not(outside)
    ticket = Ticket.objects.get(subject=QUESTION)
    answer_in_the_browser(desk, ticket, tmp_path)
    answer = the_answer_arrives(outside)
    the_customers_answer_comes_back_to_the_same_ticket(inbox, ticket, answer)
    an_unanswered_ticket_moves_up(desk, outside)
    the_explanation_is_printed(desk, ticket)
    the_week_is_exported(desk, tmp_path)
    the_desk_is_well(desk)
    ctrl_c_leaves_nothing(desk)


def deliver_the_samples(desk: FreshDesk, inbox: Dovecot) -> dict[str, bytes]:
    """Every other mail by IMAP and by LMTP. One has waited in the inbox for a week."""
    by_imap = {"late": letters.new_mail("ops@guildvoice.example", "Found a week later", "Still no answer?")}
    inbox.deliver(by_imap["late"], datetime.now(UTC) - timedelta(days=7))
    by_lmtp: dict[str, bytes] = {}
    for number, (name, raw) in enumerate(letters.samples().items()):
        if number % 2:
            by_imap[name] = raw
            inbox.deliver(raw)
        else:
            by_lmtp[name] = raw
            letters.hand_over(raw, desk.lmtp_port)
    assert len(by_imap) > 5
    assert len(by_lmtp) > 5
    return by_imap | by_lmtp


def nothing_is_lost(inbox: Dovecot, delivered: dict[str, bytes]) -> None:
    """Every mail is kept, looked at, and taken out of the inbox."""
    count = len(delivered)
    until(lambda: InboundEmail.objects.count() == count, f"{count} mails are stored", 150)
    waiting = InboundEmail.objects.filter(state=IntakeState.STORED)
    until(lambda: not waiting.exists(), "every mail was looked at", 90)
    until(lambda: (inbox.count("INBOX"), inbox.count("Done")) == (0, inbox.delivered), "the inbox is empty")
    stored_raws = {bytes(mail.raw).strip() for mail in InboundEmail.objects.all()}
    assert {as_sent(raw) for raw in delivered.values()} == {as_sent(raw) for raw in stored_raws}
    assert Ticket.objects.filter(subject="主播端日志和截图", messages__attachments__isnull=False).exists()
    assert Ticket.objects.filter(subject__contains="推流成功率").exists()
    assert Ticket.objects.filter(customer__name="星光直播").count() >= 3


def as_sent(raw: bytes) -> bytes:
    """Line ends may change on the way, and Dovecot keeps NUL as 0x80 (IMAP cannot carry it); nothing else may."""
    return re.sub(rb"\r\n|\r", b"\n", raw).replace(b"\0", b"\x80").strip()


def customers_are_acknowledged_and_machines_are_not(outside: Outside) -> None:
    number = Ticket.objects.get(subject=QUESTION).number
    english = outside.wait_for("anna@duskdating.example", number)
    assert english.message["Auto-Submitted"] == "auto-replied"
    chinese = outside.wait_for("lin.wei@starlight-live.example", "SD#")
    assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese.text)
    assert not outside.to("alert@monitor.starlight-live.example")
    assert not outside.to("MAILER-DAEMON@mx.duskdating.example")


def answer_in_the_browser(desk: FreshDesk, ticket: Ticket, tmp_path: Path) -> None:
    attachment = tmp_path / "保留期限.txt"
    attachment.write_text("90 天\n", encoding="utf-8")
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    with page() as window:
        log_in(window, desk)
        window.get_by_text(QUESTION).first.wait_for()
        window.screenshot(path=ARTEFACTS / "board.png", full_page=True)
        window.get_by_text(QUESTION).first.click()
        window.fill("textarea[name=body]", ANSWER)
        window.set_input_files("input[type=file]", attachment)
        window.screenshot(path=ARTEFACTS / "ticket.png", full_page=True)
        window.get_by_role("button", name="Send", exact=True).click()
        window.get_by_text(ANSWER).first.wait_for()
        window.screenshot(path=ARTEFACTS / "answered.png", full_page=True)


def log_in(window: Page, desk: FreshDesk) -> None:
    window.goto(desk.url)
    window.fill("input[name=username]", "anna")
    window.fill("input[name=password]", PASSWORD)
    window.press("input[name=password]", "Enter")
    window.get_by_text(QUESTION).first.wait_for()


def the_answer_arrives(outside: Outside) -> Letter:
    answer = outside.wait_for("anna@duskdating.example", ANSWER)
    assert answer.message["In-Reply-To"] == "<5f1d0c@duskdating.example>"
    assert "Auto-Submitted" not in answer.message
    (file,) = answer.message.iter_attachments()
    assert file.get_filename() == "保留期限.txt"
    assert file.get_payload(decode=True) == "90 天\n".encode()
    return answer


def the_customers_answer_comes_back_to_the_same_ticket(
    inbox: Dovecot, ticket: Ticket, answer: Letter
) -> None:
    text = "Thank you, and for live rooms?"
    inbox.deliver(letters.answer_to(answer, text))
    message = until(lambda: Message.objects.filter(body__contains=text).first(), "the customer's answer", 120)
    assert message
    assert message.ticket_id == ticket.pk
    assert ANSWER not in message.body
    promises = Clock.objects.filter(ticket=ticket).order_by("pk").values_list("kind", "state")
    assert list(promises) == [("first_response", "met"), ("next_response", "running")]


def an_unanswered_ticket_moves_up(desk: FreshDesk, outside: Outside) -> None:
    letters.hand_over(
        letters.new_mail("ops@tempo.example", "No sound in the game", "Nobody hears anybody."), desk.lmtp_port
    )
    ticket = until(lambda: Ticket.objects.filter(subject="No sound in the game").first(), "its ticket")
    assert ticket
    assert ticket.owner.username == "anna"
    moved = Ticket.objects.filter(pk=ticket.pk, owner__username="lea")
    until(moved.exists, "the ticket has moved to Anna's lead", 200)
    clock = ticket.clocks.get()
    assert clock.breached_at == clock.due_at == clock.started_at + timedelta(minutes=1)
    assert clock.detected_at
    outside.wait_for(LEA, ticket.number)
    outside.wait_for(ANNA, ticket.number)


def the_explanation_is_printed(desk: FreshDesk, ticket: Ticket) -> None:
    """On paper stand the promise, its due time and its story, and nothing of the page around them."""
    clock = Clock.objects.get(ticket=ticket, kind="first_response")
    due = clock.due_at.astimezone(DESK_ZONE).strftime("%H:%M")
    with page() as window:
        log_in(window, desk)
        window.goto(f"{desk.url}tickets/ticket/{ticket.pk}/promise/{clock.pk}/")
        text = printed(window)
        assert is_on_paper(window, f"text={due}")
        assert not is_on_paper(window, "#nav-sidebar, #header-inner, .btn")
    for words in ("First response", "Due", "How it began", "What happened"):
        assert words in text


def the_week_is_exported(desk: FreshDesk, tmp_path: Path) -> None:
    """A correction of the last week has the ticket that waited in the inbox, the week so far the others."""
    desk.manage("export_week")
    (folder,) = packs(desk)
    assert "Guild Voice" not in {row["customer"] for row in sheet(folder / "promises.csv")}
    desk.manage("export_week", "--correct", "It had waited in the inbox.")
    (corrected,) = packs(desk) - {folder}
    (promise,) = [row for row in sheet(corrected / "promises.csv") if row["customer"] == "Guild Voice"]
    assert promise["kind"] == "first_response"
    for subject in (QUESTION, "No sound in the game", "主播端日志和截图"):
        week = week_of(Ticket.objects.filter(subject=subject).earliest("opened_at").opened_at, DESK_ZONE)
        folder = tmp_path / str(week)
        desk.manage("export_week", "--week", str(week), "--preview", str(folder))
        assert subject in {row["subject"] for row in sheet(folder / "tickets.csv")}


def packs(desk: FreshDesk) -> set[Path]:
    """The folders of the packs in the storage."""
    return {path.parent for path in desk.folder.glob(".var/files/**/promises.csv")}


def sheet(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def the_desk_is_well(desk: FreshDesk) -> None:
    with urlopen(f"{desk.url}healthz") as answer:
        assert answer.status == 200


def ctrl_c_leaves_nothing(desk: FreshDesk) -> None:
    assert desk.process
    desk.process.send_signal(signal.SIGINT)
    assert desk.process.wait(40) == 0, desk.words[-3000:]
    assert desk.processes() == []
    assert "The desk has stopped." in desk.words
    assert "Traceback" not in desk.words
