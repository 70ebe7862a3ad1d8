"""The page of one ticket: who sees it, what it costs, each act, holding for newer words, acting once."""

import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from escalation.choices import ClockKind, ClockState
from escalation.enforcement.sweep import sweep
from escalation.models import Clock
from escalation.templatetags.promises import person
from tests.adminpages import page_url
from tests.factories import (
    NOW,
    AttachmentFactory,
    ContactFactory,
    CustomerFactory,
    InboundEmailFactory,
    MessageFactory,
    OutboundEmailFactory,
    OutboundMessageFactory,
    TicketFactory,
    TimelineEntryFactory,
    set_desk,
    staff,
)
from tickets.choices import (
    Channel,
    Fact,
    MailPurpose,
    MessageKind,
    OutboxState,
    Priority,
    RecipientState,
    Status,
)
from tickets.message_content import MessageContent
from tickets.models import MailMark, Message, OutboundEmail, Participant, Submission, Ticket
from tickets.models.outbound import RecipientOutcome
from tickets.services.opening import open_ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

Login = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def anna() -> User:
    return staff("anna", groups=["Account manager"], time_zone="Asia/Shanghai")


@pytest.fixture
def ticket(anna: User, now: datetime) -> Ticket:
    """A P2 of an hour ago in anna's hands, its promise running."""
    customer = CustomerFactory(account_manager=anna, name="Aurora Live", time_zone="Europe/Berlin")
    contact = ContactFactory(customer=customer, name="Li Wei", email="li@aurora.example")
    set_desk(duty_manager=staff("chief", groups=["Support director"]))
    return open_ticket(
        subject="Black screen",
        content=MessageContent(
            body="The live room is black.", sender_name="Li Wei", sender_address=contact.email
        ),
        received_at=now - timedelta(hours=1),
        at=now - timedelta(hours=1),
        priority=Priority.P2,
        customer=customer,
        contact=contact,
    )


def page_of(ticket: Ticket) -> str:
    return reverse("admin:tickets_ticket_change", args=[ticket.pk])


def act(client: Client, ticket: Ticket, name: str, headers: Any = None, **data: Any) -> HttpResponse:
    last = ticket.messages.filter(kind=MessageKind.INBOUND).order_by("pk").last()
    fields = {"token": str(uuid.uuid4()), "seen": last.pk if last else 0, **data}
    url = reverse("admin:tickets_ticket_act", args=[ticket.pk, name])
    return client.post(url, fields, headers=headers)


def bodies(ticket: Ticket, kind: MessageKind) -> list[str]:
    return list(ticket.messages.filter(kind=kind).values_list("body", flat=True))


# --- Seeing -------------------------------------------------------------------------------------------------


def test_the_page_shows_conversation_promise_chain_customer_and_history(
    login: Login, anna: User, ticket: Ticket
) -> None:
    html = login(anna).get(page_of(ticket)).content.decode()
    for words in (
        "The live room is black.",
        "Aurora Live",
        "li@aurora.example",
        "7:00:00",
        "2026-11-18 20:00 (UTC+1, Berlin)",
        "If nobody answers",
        "the owner",
        "Received, owner",
    ):
        assert words in html


def test_the_reply_form_names_the_address_that_gets_the_answer(
    login: Login, anna: User, ticket: Ticket
) -> None:
    def shown_recipient() -> str:
        html = login(anna).get(page_of(ticket)).content.decode().partition('class="pane pane-reply"')[2]
        return " ".join(re.sub(r"<[^>]+>", " ", html).split()).partition("To ")[2].partition(" Cc ")[0]

    assert shown_recipient() == "Li Wei li@aurora.example"
    ticket.messages.update(reply_to="ops@elsewhere.example")
    assert shown_recipient() == "ops@elsewhere.example"
    act(login(anna), ticket, "reply", body="We look into it.")
    assert OutboundEmail.objects.get(purpose=MailPurpose.REPLY).recipients == ["ops@elsewhere.example"]


def test_a_paused_promise_gives_no_times_for_its_steps(
    login: Login, anna: User, ticket: Ticket, now: datetime
) -> None:
    answer = Clock.objects.get(ticket=ticket)
    Clock.objects.filter(pk=answer.pk).update(
        kind=ClockKind.RESOLUTION,
        state=ClockState.PAUSED,
        paused_at=now,
        next_step_at=now + timedelta(hours=3),
    )
    panel = login(anna).get(page_of(ticket)).content.decode().partition('aria-label="SLAs"')[2]
    words = " ".join(re.sub(r"<[^>]+>", " ", panel.partition("</section>")[0]).split())
    assert "Paused while waiting on the customer · until 23:00 at the latest" in words
    assert "Due tomorrow 03:00 plus the pause Started" in words
    assert "If nobody answers Paused: no steps until it resumes." in words
    steps = words.partition("no steps until it resumes.")[2].partition("Ledger")[0]
    assert steps.count("—") == 5
    assert re.findall(r"\d\d:\d\d", steps) == []
    assert "next" not in re.findall(r'<li class="(\w*)"', panel)


@pytest.mark.parametrize("path", ["change", "act/reply", "news"])
def test_a_ticket_one_may_not_see_does_not_exist(login: Login, ticket: Ticket, path: str) -> None:
    stranger = login(staff(groups=["Account manager"]))
    url = f"/tickets/ticket/{ticket.pk}/{path}/"
    assert (stranger.post(url) if "act" in path else stranger.get(url)).status_code == 404


def test_a_lead_sees_and_answers_the_tickets_of_their_people(login: Login, now: datetime) -> None:
    lead = staff(groups=["Team lead"])
    ticket = TicketFactory(owner=staff(reports_to=lead), contact=ContactFactory())
    client = login(lead)
    assert client.get(page_of(ticket)).status_code == 200
    assert act(client, ticket, "note", body="I look into it.").status_code == 302


def test_a_read_only_user_is_offered_neither_reply_nor_actions(
    login: Login, anna: User, ticket: Ticket
) -> None:
    anna.groups.clear()
    anna.user_permissions.add(*_permissions("view_ticket"))
    client = login(User.objects.get(pk=anna.pk))
    assert 'id="composer"' not in client.get(page_of(ticket)).content.decode()
    assert act(client, ticket, "note", body="x").status_code == 403
    assert bodies(ticket, MessageKind.NOTE) == []


def _permissions(*names: str) -> Any:
    return Permission.objects.filter(codename__in=names)


def test_fifty_messages_cost_the_queries_of_three_and_at_most_25(
    login: Login, anna: User, ticket: Ticket, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    sweep(now=NOW + timedelta(days=1))
    ticket.refresh_from_db()
    client = login(anna)

    def add(number: int) -> None:
        for _each in range(number):
            question = MessageFactory(ticket=ticket, contact=ContactFactory(customer=ticket.customer))
            AttachmentFactory(message=question)
            answer = OutboundMessageFactory(ticket=ticket, author=staff())
            OutboundEmailFactory(ticket=ticket, message=answer)
            TimelineEntryFactory(ticket=ticket, actor=staff())
            TicketFactory(customer=ticket.customer, owner=staff())

    add(1)
    client.get(page_of(ticket))
    few = count_queries(lambda: client.get(page_of(ticket)))
    add(23)  # with the question that opened it 49; from 51 on the older ones take a query
    assert count_queries(lambda: client.get(page_of(ticket))) == few
    assert few <= 25


def test_long_conversations_fold_their_beginning(login: Login, anna: User, ticket: Ticket) -> None:
    for number in range(7):
        MessageFactory(ticket=ticket, body=f"number {number}", at=NOW + timedelta(minutes=number))
    html = login(anna).get(page_of(ticket)).content.decode()
    assert "2 earlier messages" in html


def test_hostile_words_are_shown_as_words(login: Login, anna: User, ticket: Ticket) -> None:
    evil = "<script>alert(1)</script>"
    MessageFactory(
        ticket=ticket, body=evil, quoted=evil, sender_name=evil, sender_address=evil, html=f"<p>{evil}</p>"
    )
    Ticket.objects.filter(pk=ticket.pk).update(subject=evil)
    html = login(anna).get(page_of(ticket)).content.decode()
    assert evil not in html
    assert "&lt;script&gt;" in html


def test_an_answer_shows_its_delivery_and_what_the_server_said(
    login: Login, anna: User, ticket: Ticket
) -> None:
    message = OutboundMessageFactory(ticket=ticket, failed_at=NOW, failure="no such user")
    OutboundEmailFactory(ticket=ticket, message=message, state=OutboxState.FAILED, answer="550 5.1.1 unknown")
    html = login(anna).get(page_of(ticket)).content.decode()
    assert "550 5.1.1 unknown" in html
    assert "Not delivered: no such user · Not counted as a response." in html


@pytest.mark.parametrize(("minutes", "marked"), [(15, False), (16, True)])
def test_a_call_written_down_later_is_marked_in_the_conversation(
    login: Login, anna: User, ticket: Ticket, minutes: int, marked: bool
) -> None:
    later = NOW + timedelta(minutes=minutes)
    OutboundMessageFactory(ticket=ticket, kind=MessageKind.CONTACT, reached="Li", at=NOW, created_at=later)
    html = login(anna).get(page_of(ticket)).content.decode()
    assert ("logged later" in html) is marked


# --- Acting --------------------------------------------------------------------------------------------------


def test_a_reply_is_queued_meets_the_promise_and_returns_to_the_page(
    login: Login, anna: User, ticket: Ticket
) -> None:
    file = SimpleUploadedFile("fix.txt", b"set codec=h264", content_type="text/plain")
    response = act(
        login(anna), ticket, "reply", body="Please update.", uploads=[file], copies="boss@aurora.example"
    )
    assert response.url == page_of(ticket) + "?sent=reply"
    mail = OutboundEmail.objects.get(message__body="Please update.")
    assert (mail.recipients, mail.copies) == (["li@aurora.example"], ["boss@aurora.example"])
    assert mail.message.attachments.get().name == "fix.txt"
    assert Clock.objects.get(ticket=ticket).stopped_at == NOW
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


@pytest.mark.parametrize("then", ["waiting", "resolved"])
def test_send_and_wait_or_resolve_set_the_status_too(
    login: Login, anna: User, ticket: Ticket, then: str
) -> None:
    act(login(anna), ticket, "reply", body="Done.", then=then)
    ticket.refresh_from_db()
    assert ticket.status == then


def test_a_form_sent_twice_acts_once(login: Login, anna: User, ticket: Ticket) -> None:
    client, token = login(anna), str(uuid.uuid4())
    for _click in range(2):
        assert act(client, ticket, "reply", token=token, body="Once.").status_code == 302
    assert bodies(ticket, MessageKind.OUTBOUND) == ["Once."]


def test_a_different_reply_under_a_used_token_is_refused_and_its_text_kept(
    login: Login, anna: User, ticket: Ticket
) -> None:
    client, token = login(anna), str(uuid.uuid4())
    act(client, ticket, "reply", token=token, body="First.")
    html = act(client, ticket, "reply", token=token, body="Second.").content.decode()
    assert "Reload it and send again" in html
    assert "Second." in html
    assert bodies(ticket, MessageKind.OUTBOUND) == ["First."]


def test_a_refused_form_may_be_sent_again(login: Login, anna: User, ticket: Ticket) -> None:
    client, token = login(anna), str(uuid.uuid4())
    assert act(client, ticket, "reply", token=token, body="  ").status_code == 200
    assert not Submission.objects.exists()
    assert act(client, ticket, "reply", token=token, body="Now.").status_code == 302


def test_an_answer_is_held_when_the_customer_wrote_meanwhile_and_the_text_is_kept(
    login: Login, anna: User, ticket: Ticket
) -> None:
    client = login(anna)
    last_seen = ticket.messages.get().pk
    newer = MessageFactory(ticket=ticket, body="It works again, thank you!", sender_name="Li Wei")
    held = act(client, ticket, "reply", seen=last_seen, body="Please restart.").content.decode()
    assert "the customer wrote again in the meantime" in held
    assert "Please restart." in held
    assert bodies(ticket, MessageKind.OUTBOUND) == []
    assert re.search(rf'name="seen" value="{newer.pk}"', held)
    act(client, ticket, "reply", seen=newer.pk, body="Please restart.")
    assert bodies(ticket, MessageKind.OUTBOUND) == ["Please restart."]


def test_a_held_answer_under_htmx_leaves_the_form_alone_and_shows_the_newer_message(
    login: Login, anna: User, ticket: Ticket
) -> None:
    newer = MessageFactory(ticket=ticket, body="<b>It works</b>")
    html = act(login(anna), ticket, "reply", headers=HTMX, seen=newer.pk - 1, body="x").content.decode()
    assert "<html" not in html
    assert "&lt;b&gt;It works" in html
    assert f'value="{newer.pk}" id="reply-seen" hx-swap-oob="true"' in html


def test_an_answer_is_held_when_a_colleague_answered_meanwhile(
    login: Login, anna: User, ticket: Ticket
) -> None:
    last_seen = ticket.messages.get().pk
    bob = staff("bob")
    newer = OutboundMessageFactory(ticket=ticket, author=bob, body="Set the codec to H.264.")
    fields = {"seen": last_seen, "body": "Please restart.", "then": "resolved"}
    held = act(login(anna), ticket, "reply", headers=HTMX, **fields).content.decode()
    assert f"{person(bob)} answered in the meantime" in held
    assert "Set the codec to H.264." in held
    assert bodies(ticket, MessageKind.OUTBOUND) == ["Set the codec to H.264."]
    assert re.search(r'name="then" value="resolved"[^>]*>Send all the same', held)
    act(login(anna), ticket, "reply", **{**fields, "seen": newer.pk})
    assert bodies(ticket, MessageKind.OUTBOUND) == ["Set the codec to H.264.", "Please restart."]


def test_a_logged_call_of_a_colleague_holds_an_answer_too(login: Login, anna: User, ticket: Ticket) -> None:
    last_seen = ticket.messages.get().pk
    bob = staff("bob")
    MessageFactory(ticket=ticket, kind=MessageKind.CONTACT, author=bob, body="Told them to update.")
    held = act(login(anna), ticket, "reply", headers=HTMX, seen=last_seen, body="Hello").content.decode()
    assert f"{person(bob)} reached the customer in the meantime" in held
    assert "Told them to update." in held


def test_what_the_customer_and_a_colleague_wrote_is_shown_together(
    login: Login, anna: User, ticket: Ticket
) -> None:
    last_seen = ticket.messages.get().pk
    OutboundMessageFactory(ticket=ticket, author=staff("bob"), body="Set the codec.")
    newest = MessageFactory(ticket=ticket, body="It works again!")
    held = act(login(anna), ticket, "reply", headers=HTMX, seen=last_seen, body="Hello").content.decode()
    assert held.index("Set the codec.") < held.index("It works again!")
    assert f'value="{newest.pk}" id="reply-seen"' in held


@pytest.mark.parametrize("kind", [MessageKind.NOTE, MessageKind.OUTBOUND])
def test_neither_a_note_nor_an_own_answer_holds_an_answer(
    login: Login, anna: User, ticket: Ticket, kind: MessageKind
) -> None:
    last_seen = ticket.messages.get().pk
    author = staff("bob") if kind == MessageKind.NOTE else anna
    MessageFactory(ticket=ticket, kind=kind, author=author, body="From the other window.")
    assert act(login(anna), ticket, "reply", seen=last_seen, body="Hello").status_code == 302


def test_the_page_has_seen_the_answers_that_it_shows(login: Login, anna: User, ticket: Ticket) -> None:
    newest = OutboundMessageFactory(ticket=ticket, author=staff("bob"), body="Set the codec.")
    html = login(anna).get(page_of(ticket)).content.decode()
    assert re.search(rf'name="seen" value="{newest.pk}"', html)


def test_an_automatic_message_from_the_customer_does_not_hold_an_answer(
    login: Login, anna: User, ticket: Ticket
) -> None:
    last_seen = ticket.messages.get().pk
    MessageFactory(ticket=ticket, kind=MessageKind.AUTOMATIC, is_automatic=True)
    assert act(login(anna), ticket, "reply", seen=last_seen, body="Hello").status_code == 302


def arrived(ticket: Ticket, kind: MessageKind, signs: list[str]) -> Message:
    message = MessageFactory(ticket=ticket, kind=kind, is_automatic=True, sender_address="li@aurora.example")
    InboundEmailFactory(ticket=ticket, message=message, kind="auto_generated", signs=signs)
    return message


def test_an_automatic_message_says_why_it_does_not_count_and_can_be_marked_as_a_persons(
    login: Login, anna: User, ticket: Ticket, now: datetime
) -> None:
    message = arrived(ticket, MessageKind.AUTOMATIC, ["null return path", "Precedence: bulk"])
    client = login(anna)
    html = client.get(page_of(ticket)).content.decode()
    assert "null return path, Precedence: bulk" in html
    assert "A person wrote this" in html
    assert act(client, ticket, "by_person", message=message.pk).status_code == 302
    message.refresh_from_db()
    assert message.kind == MessageKind.INBOUND


@pytest.mark.parametrize(
    ("kind", "english", "chinese"),
    [
        ("auto_reply", "Automatic reply", "自动回复"),
        ("calendar", "Answer to an invitation", "邀请答复"),
        ("bounce", "Delivery failed", "退信"),
        ("delay", "Delivery delayed", "投递延迟"),
        ("complaint", "Spam complaint", "垃圾邮件投诉"),
        ("receipt", "Delivery or read receipt", "送达或已读回执"),
        ("auto_generated", "Automatic email", "自动邮件"),
        ("person", "Automatic email", "自动邮件"),
    ],
)
def test_a_mail_that_is_kept_small_says_what_it_is(
    login: Login, anna: User, ticket: Ticket, kind: str, english: str, chinese: str
) -> None:
    message = MessageFactory(ticket=ticket, kind=MessageKind.AUTOMATIC, sender_name="Li")
    InboundEmailFactory(ticket=ticket, message=message, kind=kind)
    client = login(anna)
    assert f"{english} · Li" in client.get(page_of(ticket)).content.decode()
    anna.staff_profile.language = "zh-hans"
    anna.staff_profile.save()
    assert f"{chinese} · Li" in client.get(page_of(ticket)).content.decode()


def test_a_message_says_what_of_its_mail_could_not_be_read(login: Login, anna: User, ticket: Ticket) -> None:
    mail = InboundEmailFactory(
        ticket=ticket, message=ticket.messages.get(), notes=["encrypted_pgp", "line_ends"]
    )
    html = login(anna).get(page_of(ticket)).content.decode()
    assert "Encrypted with PGP: the desk cannot read it." in html
    assert reverse("tickets:original", args=[mail.pk]) in html
    assert "Line ends were mended." not in html
    assert "Line ends were mended." in login(anna).get(page_url(mail)).content.decode()


def test_a_customers_message_can_be_marked_as_automatic(login: Login, anna: User, ticket: Ticket) -> None:
    message = ticket.messages.get()
    client = login(anna)
    assert "This was automatic" in client.get(page_of(ticket)).content.decode()
    assert act(client, ticket, "by_machine", message=message.pk).status_code == 302
    message.refresh_from_db()
    assert message.kind == MessageKind.AUTOMATIC
    assert not Clock.objects.open().filter(ticket=ticket).exists()


@pytest.mark.parametrize("name", ["by_person", "by_machine"])
def test_only_messages_of_the_ticket_can_be_marked(
    login: Login, anna: User, ticket: Ticket, name: str
) -> None:
    other = MessageFactory(kind=MessageKind.AUTOMATIC if name == "by_person" else MessageKind.INBOUND)
    html = act(login(anna), ticket, name, message=other.pk).content.decode()
    assert "not part of the ticket" in html
    other.refresh_from_db()
    assert MailMark.objects.count() == 0


@pytest.mark.parametrize("name", ["by_person", "by_machine", "send_receipt"])
def test_nobody_marks_on_a_ticket_they_may_not_see(login: Login, ticket: Ticket, name: str) -> None:
    stranger = staff("eve", groups=["Account manager"])
    message = ticket.messages.get()
    assert act(login(stranger), ticket, name, message=message.pk).status_code == 404


def test_a_second_click_marks_once(login: Login, anna: User, ticket: Ticket) -> None:
    message, token = ticket.messages.get(), uuid.uuid4()
    client = login(anna)
    for _click in range(2):
        act(client, ticket, "by_machine", message=message.pk, token=token)
    assert MailMark.objects.count() == 1


def test_a_receipt_mail_that_was_held_back_can_be_sent_by_hand_once(
    login: Login, anna: User, ticket: Ticket
) -> None:
    ticket.timeline.filter(fact=Fact.ACKNOWLEDGED).delete()
    OutboundEmail.objects.all().delete()
    ticket.messages.update(is_automatic=True)
    InboundEmailFactory(
        ticket=ticket, message=ticket.messages.get(), kind="person", signs=["Precedence: bulk"]
    )
    client = login(anna)
    html = client.get(page_of(ticket)).content.decode()
    assert "No acknowledgement was sent, as a machine may have written this: Precedence: bulk" in html
    act(client, ticket, "send_receipt")
    mail = OutboundEmail.objects.get(purpose=MailPurpose.ACKNOWLEDGEMENT)
    assert mail.recipients == ["li@aurora.example"]
    assert "Send the acknowledgement" not in client.get(page_of(ticket)).content.decode()
    assert "already been sent" in act(client, ticket, "send_receipt").content.decode()


def test_automatic_signs_and_mark_buttons_are_in_chinese_for_a_chinese_reader(
    login: Login, ticket: Ticket
) -> None:
    lin = staff("lin", groups=["Support director"], language="zh-hans")
    arrived(ticket, MessageKind.AUTOMATIC, ["null return path", "written by: system@"])
    html = login(lin).get(page_of(ticket)).content.decode()
    assert "空的退信地址、发件人：system@" in html
    assert "这是人写的" in html
    assert "这是自动邮件" in html


def test_htmx_is_redirected_by_a_header(login: Login, anna: User, ticket: Ticket) -> None:
    response = act(login(anna), ticket, "note", headers=HTMX, body="For us")
    assert (response.status_code, response["HX-Redirect"]) == (204, page_of(ticket) + "?sent=note")


def test_a_note_answers_nothing(login: Login, anna: User, ticket: Ticket) -> None:
    act(login(anna), ticket, "note", body="Sam is on it.")
    assert bodies(ticket, MessageKind.NOTE) == ["Sam is on it."]
    assert Clock.objects.get(ticket=ticket).is_open


def test_a_logged_call_answers_from_when_it_happened_in_the_readers_zone(
    login: Login, anna: User, ticket: Ticket
) -> None:
    act(
        login(anna), ticket, "contact", channel="phone", reached="Li Wei",
        happened_at="2026-11-18T19:30", body="Told them to restart.",
    )  # fmt: skip
    call = ticket.messages.get(kind=MessageKind.CONTACT)
    assert (call.channel, call.reached, call.at) == (Channel.PHONE, "Li Wei", NOW - timedelta(minutes=30))
    assert Clock.objects.get(ticket=ticket).stopped_at == call.at


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reached": " "}, "Enter whom you reached"),
        ({"happened_at": "2026-11-18T20:01"}, "cannot be in the future"),
        ({"happened_at": "2026-11-18T18:59"}, "cannot be earlier than the ticket"),
        ({"happened_at": "yesterday"}, "When: Enter a valid date/time"),
        ({"body": ""}, "The text is empty"),
    ],
)
def test_an_impossible_call_is_refused_with_a_sentence_and_keeps_its_text(
    login: Login, anna: User, ticket: Ticket, changes: dict[str, str], words: str
) -> None:
    data = {"channel": "phone", "reached": "Li", "happened_at": "2026-11-18T19:30", "body": "Told so."}
    html = act(login(anna), ticket, "contact", **{**data, **changes}).content.decode()
    assert words in html
    assert ("Told so." in html) == ("body" not in changes)
    assert bodies(ticket, MessageKind.CONTACT) == []


def test_owner_status_and_priority_change_with_their_reasons(
    login: Login, anna: User, ticket: Ticket
) -> None:
    bob, client = staff("bob"), login(anna)
    act(client, ticket, "priority", priority=1, reason="Their show is tonight")
    act(client, ticket, "owner", owner=bob.pk, reason="I am off")
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.owner) == (Priority.P1, bob)
    reasons = set(ticket.timeline.values_list("reason", flat=True))
    assert {"Their show is tonight", "I am off"} <= reasons
    html = client.get(page_of(ticket)).content.decode()
    assert "Priority: P2 Medium → P1 High" in html


def test_a_status_change_goes_through_the_service(login: Login, anna: User, ticket: Ticket) -> None:
    client = login(anna)
    act(client, ticket, "reply", body="Please update.")
    act(client, ticket, "status", status="resolved", reason="Fixed by the update")
    ticket.refresh_from_db()
    assert ticket.status == Status.RESOLVED
    assert ticket.resolved_at == timezone.now()


def test_a_priority_without_a_reason_is_refused_with_a_sentence(
    login: Login, anna: User, ticket: Ticket
) -> None:
    html = act(login(anna), ticket, "priority", priority=0, reason="").content.decode()
    assert "Give a reason" in html
    ticket.refresh_from_db()
    assert ticket.priority == Priority.P2


def test_a_lead_voids_an_answer_and_its_promise_runs_again(login: Login, anna: User, ticket: Ticket) -> None:
    act(login(anna), ticket, "reply", body="We are looking.")
    answer = ticket.messages.get(kind=MessageKind.OUTBOUND)
    client = login(staff("helen", groups=["Support director"]))
    assert "Doesn't count as an answer" in client.get(page_of(ticket)).content.decode()
    act(client, ticket, "void", message=answer.pk, reason="It says nothing")
    assert ticket.clocks.filter(stopped_at=None).exists()
    assert "It says nothing" in client.get(page_of(ticket)).content.decode()


def test_an_account_manager_voids_nothing(login: Login, anna: User, ticket: Ticket) -> None:
    client = login(anna)
    act(client, ticket, "reply", body="We are looking.")
    answer = ticket.messages.get(kind=MessageKind.OUTBOUND)
    assert "Doesn't count as an answer" not in client.get(page_of(ticket)).content.decode()
    html = act(client, ticket, "void", message=answer.pk, reason="x").content.decode()
    assert "Only a lead may void a reply." in html


def test_a_message_of_another_ticket_cannot_be_voided_from_here(login: Login, ticket: Ticket) -> None:
    other = OutboundMessageFactory()
    client = login(staff(groups=["Support director"]))
    html = act(client, ticket, "void", message=other.pk, reason="x").content.decode()
    assert "not part of the ticket" in html


def test_two_tickets_become_one(login: Login, anna: User, ticket: Ticket) -> None:
    goes_on = TicketFactory(owner=anna, customer=ticket.customer)
    client = login(anna)
    act(client, ticket, "merge", into=f"sd#{goes_on.pk}", reason="Same matter")
    html = client.get(page_of(ticket)).content.decode()
    assert f"Merged into SD#{goes_on.pk}" in html
    assert 'id="composer"' not in html
    assert goes_on.messages.get().body == "The live room is black."


@pytest.mark.parametrize(
    ("into", "refusal"), [("SD#999999", "no ticket with this number"), ("the other one", "such as SD#12")]
)
def test_a_ticket_merges_into_one_that_exists(
    login: Login, anna: User, ticket: Ticket, into: str, refusal: str
) -> None:
    html = act(login(anna), ticket, "merge", into=into).content.decode()
    assert refusal in html
    assert into in html


def test_a_ticket_one_may_not_see_cannot_be_merged_into(login: Login, anna: User, ticket: Ticket) -> None:
    hidden = TicketFactory(customer=None)
    html = act(login(anna), ticket, "merge", into=hidden.pk).content.decode()
    assert "no ticket with this number" in html


def test_a_lead_ends_a_promise_with_a_reason_that_stays_on_the_page(login: Login, ticket: Ticket) -> None:
    client = login(staff(groups=["Support director"]))
    act(client, ticket, "status", status="closed", reason="Spam")
    assert "Spam" in client.get(page_of(ticket)).content.decode()
    assert "proposes to waive it: Spam" in client.get(page_of(ticket)).content.decode()


def test_files_beyond_the_size_of_a_mail_are_refused(
    login: Login, anna: User, ticket: Ticket, settings: Any
) -> None:
    settings.MAIL_MAX_BYTES = 10
    big = SimpleUploadedFile("big.bin", b"x" * 11)
    html = act(login(anna), ticket, "reply", body="See file", uploads=[big]).content.decode()
    assert "larger than 10" in html
    assert bodies(ticket, MessageKind.OUTBOUND) == []


def test_a_quoted_address_among_the_copies_is_one_address(login: Login, anna: User, ticket: Ticket) -> None:
    copies = '"chen,jo;ops"@partner.example;kim@partner.example'
    act(login(anna), ticket, "reply", body="Hi", copies=copies)
    mail = OutboundEmail.objects.get(purpose=MailPurpose.REPLY)
    assert mail.copies == ['"chen,jo;ops"@partner.example', "kim@partner.example"]


def test_a_wrong_address_in_the_copies_is_named(login: Login, anna: User, ticket: Ticket) -> None:
    html = act(login(anna), ticket, "reply", body="Hi", copies="nobody").content.decode()
    assert "Cc: Enter a valid email address." in html


def test_acts_are_posts_with_a_token_against_forgery(anna: User, ticket: Ticket) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    assert act(client, ticket, "note", body="x").status_code == 403
    assert client.get(reverse("admin:tickets_ticket_act", args=[ticket.pk, "note"])).status_code == 405


def test_an_act_that_does_not_exist_is_not_found(login: Login, anna: User, ticket: Ticket) -> None:
    assert act(login(anna), ticket, "delete").status_code == 404


# --- Tickets written down by hand ----------------------------------------------------------------------------------


def new_ticket(client: Client, **changes: Any) -> HttpResponse:
    data = {
        "token": str(uuid.uuid4()),
        "channel": "phone",
        "happened_at": "2026-11-18T19:30",
        "priority": 1,
        "subject": "No sound",
        "body": "They called: no sound in all rooms.",
    }
    return client.post(reverse("admin:tickets_ticket_add"), data | changes)


def test_a_call_becomes_a_ticket_whose_promise_starts_when_it_happened(
    login: Login, anna: User, ticket: Ticket
) -> None:
    new_ticket(login(anna), contact=ticket.contact_id)
    opened = Ticket.objects.get(subject="No sound")
    assert (opened.customer, opened.channel, opened.owner) == (ticket.customer, Channel.PHONE, anna)
    assert opened.clocks.get().started_at == NOW - timedelta(minutes=30)
    assert opened.messages.get().author == anna


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"happened_at": "2026-11-18T20:01"}, "cannot be in the future"),
        ({"contact": ""}, "Choose the customer or the person"),
        ({"subject": ""}, "This field is required."),
    ],
)
def test_an_impossible_call_opens_no_ticket_and_keeps_its_text(
    login: Login, anna: User, ticket: Ticket, changes: dict[str, str], words: str
) -> None:
    html = new_ticket(login(anna), **{"contact": ticket.contact_id, **changes}).content.decode()
    assert words in html
    assert "They called: no sound" in html
    assert Ticket.objects.count() == 1


def test_a_ticket_for_a_contact_of_another_customer_is_refused(
    login: Login, anna: User, ticket: Ticket
) -> None:
    other = CustomerFactory(account_manager=anna)
    html = new_ticket(login(anna), contact=ticket.contact_id, customer=other.pk).content.decode()
    assert "belongs to another customer" in html


def test_a_ticket_for_a_customer_one_may_not_see_is_refused(login: Login, anna: User) -> None:
    assert "Select a valid choice" in new_ticket(login(anna), customer=CustomerFactory().pk).content.decode()


def test_the_form_sent_twice_opens_one_ticket(login: Login, anna: User, ticket: Ticket) -> None:
    client, token = login(anna), str(uuid.uuid4())
    for _click in range(2):
        new_ticket(client, token=token, contact=ticket.contact_id)
    assert Ticket.objects.filter(subject="No sound").count() == 1


def test_an_unanswered_ticket_shows_who_held_it(login: Login, ticket: Ticket, anna: User) -> None:
    sweep(now=NOW + timedelta(hours=7))
    html = login(User.objects.get(username="chief")).get(page_of(ticket)).content.decode()
    assert Message.objects.filter(ticket=ticket, kind=MessageKind.NOTE).exists()
    assert f"{anna.first_name} → <b>" in html


def test_an_answer_reaches_the_participants_unless_they_are_taken_out(
    login: Login, anna: User, ticket: Ticket
) -> None:
    Participant.objects.create(
        ticket=ticket, name="Jo Chen", address="jo@partner.example", added_at=ticket.opened_at
    )
    client = login(anna)
    html = client.get(page_of(ticket)).content.decode()
    assert "Participants" in html
    assert "Jo Chen<small>jo@partner.example</small>" in html
    assert re.search(r'name="copies"[^>]*>jo@partner\.example</textarea>', html)
    act(client, ticket, "reply", body="We look into it.", copies="jo@partner.example")
    act(client, ticket, "reply", body="It works again.", copies="")
    replies = OutboundEmail.objects.filter(purpose=MailPurpose.REPLY).order_by("pk")
    assert [mail.copies for mail in replies] == [["jo@partner.example"], []]


def test_an_unverified_sender_is_accepted_with_one_click(login: Login, anna: User, ticket: Ticket) -> None:
    message = MessageFactory(
        ticket=ticket, kind=MessageKind.INBOUND, is_unconfirmed=True, sender_address="eve@other.example"
    )
    client = login(anna)
    assert "Accept the sender" in client.get(page_of(ticket)).content.decode()
    assert act(client, ticket, "accept", message=message.pk).status_code == 302
    message.refresh_from_db()
    assert not message.is_unconfirmed
    assert "Accept the sender" not in client.get(page_of(ticket)).content.decode()


# What became of an answer, for each of those it went to


def answer_to_three(ticket: Ticket, **outcomes: RecipientState) -> OutboundEmail:
    """An answer to Li, with copies to Bo and Cy; ``li``, ``bo`` and ``cy`` say how far it got."""
    message = OutboundMessageFactory(ticket=ticket, body="Update the SDK.")
    mail = OutboundEmailFactory(
        ticket=ticket,
        message=message,
        recipients=["li@aurora.example"],
        copies=["bo@aurora.example", "cy@aurora.example"],
        state=OutboxState.ACCEPTED,
    )
    for name, state in outcomes.items():
        mail.keep_outcome(RecipientOutcome(f"{name}@aurora.example", state, NOW, f"said to {name}"))
    mail.save()
    return mail


def fates(response: HttpResponse) -> list[str]:
    """The line of each recipient, without its icon."""
    listed = re.search(r'<ul class="fates">(.*?)</ul>', response.content.decode(), re.DOTALL)
    assert listed is not None
    lines = re.findall(r"<li[^>]*>(.*?)</li>", listed[1], re.DOTALL)
    texts = (re.sub(r"<[^>]+>", "", line.partition("</span>")[2]) for line in lines)
    return [" ".join(text.split()) for text in texts]


def test_each_recipient_of_an_answer_has_a_line(login: Login, anna: User, ticket: Ticket) -> None:
    answer_to_three(ticket, li=RecipientState.ACCEPTED, bo=RecipientState.BOUNCED, cy=RecipientState.DEFERRED)
    li, bo, cy = fates(login(anna).get(page_of(ticket)))
    assert li.startswith("li@aurora.example · accepted by the mail server · ")
    assert bo.startswith("Cc bo@aurora.example · bounced · ")
    assert cy.startswith("Cc cy@aurora.example · deferred by the mail server · ")
    assert "next try" in cy
    assert "said to bo" in bo


def test_the_page_says_that_an_answer_counts_though_a_copy_bounced(
    login: Login, anna: User, ticket: Ticket
) -> None:
    answer_to_three(ticket, li=RecipientState.ACCEPTED, bo=RecipientState.BOUNCED)
    page = login(anna).get(page_of(ticket)).content.decode()
    assert "It still counts as a response" in page
    assert "Not counted as a response" not in page


def test_the_page_says_that_an_answer_does_not_count_whose_reader_it_did_not_reach(
    login: Login, anna: User, ticket: Ticket
) -> None:
    mail = answer_to_three(ticket, li=RecipientState.BOUNCED, bo=RecipientState.ACCEPTED)
    Message.objects.filter(pk=mail.message_id).update(failed_at=NOW, failure="550 no such user")
    page = login(anna).get(page_of(ticket)).content.decode()
    assert "Not counted as a response" in page
    assert "It still counts" not in page


@pytest.mark.parametrize("state", list(RecipientState))
def test_no_page_claims_that_a_mail_was_delivered_or_opened(
    login: Login, anna: User, ticket: Ticket, state: RecipientState
) -> None:
    answer_to_three(ticket, li=state)
    page = login(anna).get(page_of(ticket)).content.decode().lower()
    assert str(state.label) in page
    assert "delivered" not in page.replace("not delivered", "")
    assert "email was opened" not in page


@pytest.mark.parametrize(("button", "state"), [("bounced", "bounced"), ("not_bounced", "accepted")])
def test_a_bounce_that_nothing_proves_is_decided_with_one_click(
    login: Login, anna: User, ticket: Ticket, button: str, state: str
) -> None:
    mail = answer_to_three(ticket, li=RecipientState.REPORTED)
    client = login(anna)
    page = client.get(page_of(ticket)).content.decode()
    assert "anybody may have written it" in page
    assert f"/act/{button}/" in page
    act(client, ticket, button, message=mail.message_id)
    mail.refresh_from_db()
    assert mail.outcome_of("li@aurora.example").state == state
    assert "anybody may have written it" not in client.get(page_of(ticket)).content.decode()


def test_a_decided_bounce_is_not_decided_again(login: Login, anna: User, ticket: Ticket) -> None:
    mail = answer_to_three(ticket, li=RecipientState.ACCEPTED)
    response = act(login(anna), ticket, "bounced", message=mail.message_id)
    assert "nothing left to decide" in response.content.decode()
    assert not Message.objects.exclude(failed_at=None).exists()


# What is known about a mail's sender


@pytest.mark.parametrize(
    ("summary", "words"),
    [("dmarc=pass", "confirms this email"), ("dmarc=fail", "the sender may be forged"), ("", "")],
)
def test_the_page_says_what_our_server_found_out_about_the_sender(
    login: Login, anna: User, ticket: Ticket, summary: str, words: str
) -> None:
    message = MessageFactory(ticket=ticket)
    InboundEmailFactory(ticket=ticket, message=message, authentication=summary)
    page = login(anna).get(page_of(ticket)).content.decode().replace("&#x27;", "'")
    assert words in page
    assert ("Our mail server's checks" in page) is bool(words)


# Invitations

EVENT = (
    "BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nSUMMARY:Review of <b>last</b> night\r\n"
    "DTSTART;TZID=W. Europe Standard Time:20261120T100000\r\nDTEND;TZID=W. Europe Standard Time:20261120T113000\r\n"
    "ORGANIZER;CN=Li Wei:mailto:li@aurora.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def invited(ticket: Ticket, method: str = "REQUEST", **file: Any) -> None:
    fields = {"name": "invite.ics", "content_type": "text/calendar", **file}
    content = ContentFile(EVENT.format(method=method).encode(), name="x")
    AttachmentFactory(message=ticket.messages.get(), file=content, **fields)


def test_an_invitation_is_a_card_with_the_readers_time_and_the_organisers(
    login: Login, anna: User, ticket: Ticket
) -> None:
    invited(ticket)
    invited(ticket, name="meeting.ics", content_type="application/octet-stream")  # the same, attached again
    page = login(anna).get(page_of(ticket)).content.decode()
    assert page.count("2026-11-20 17:00 – 18:30 (UTC+8, Shanghai)") == 1
    assert page.count("2026-11-20 10:00 – 11:30 (UTC+1, Berlin)") == 1
    assert "Review of &lt;b&gt;last&lt;/b&gt; night" in page
    assert "organised by Li Wei" in page


def test_a_cancelled_appointment_says_so(login: Login, anna: User, ticket: Ticket) -> None:
    invited(ticket, method="CANCEL")
    assert "cancelled" in login(anna).get(page_of(ticket)).content.decode()


def test_an_invitation_at_the_end_of_the_calendar_breaks_no_page(
    login: Login, anna: User, ticket: Ticket
) -> None:
    for number, start in enumerate(("00010101T000000Z", "99991231T235900Z")):
        text = EVENT.format(method="REQUEST")
        whole = re.sub(r"DTSTART[^\r\n]*", f"DTSTART:{start}\r\nDURATION:P999W", text)
        file = ContentFile(whole.encode(), name="x")
        AttachmentFactory(
            message=ticket.messages.get(), file=file, name=f"{number}.ics", content_type="text/calendar"
        )
    page = login(anna).get(page_of(ticket)).content.decode()
    assert "0001-01-01 00:00 UTC" in page
    assert "9999-12-31 23:59 UTC" in page


def test_an_invitation_of_endless_words_is_a_card_like_any_other(
    login: Login, anna: User, ticket: Ticket
) -> None:
    text = re.sub(r"(SUMMARY|LOCATION):", rf"\1:{'x' * 50_000}", EVENT.format(method="REQUEST"))
    long = text.replace("DTSTART", f"LOCATION:{'y' * 50_000}\r\nDTSTART").replace("CN=", f"CN={'z' * 150}")
    file = ContentFile(long.encode(), name="x")
    AttachmentFactory(message=ticket.messages.get(), file=file, name="x.ics", content_type="text/calendar")
    page = login(anna).get(page_of(ticket)).content.decode()
    assert 'class="invite' in page
    assert max(map(len, re.findall(r"x{9,}|y{9,}", page))) < 1_000


def test_a_calendar_that_cannot_be_read_is_a_file_like_any_other(
    login: Login, anna: User, ticket: Ticket
) -> None:
    invited(ticket, method="REPLY")
    AttachmentFactory(message=ticket.messages.get(), name="bad.ics", file=ContentFile(b"\xff", name="x"))
    lost = AttachmentFactory(message=ticket.messages.get(), name="lost.ics")
    lost.file.storage.delete(lost.file.name)
    page = login(anna).get(page_of(ticket)).content.decode()
    assert 'class="invite' not in page
    assert "lost.ics" in page


# Tags


def test_tags_are_changed_on_the_page_and_lead_to_the_tickets_that_have_them(
    login: Login, anna: User, ticket: Ticket
) -> None:
    client = login(anna)
    assert act(client, ticket, "tags", tags="SDK 4.3, 推流 & <b>").status_code == 302
    html = client.get(page_url(ticket)).content.decode()
    assert "?tag=sdk%204.3" in html
    assert "推流 &amp; &lt;b&gt;" in html
    assert 'value="sdk 4.3, 推流 &amp; &lt;b&gt;"' in html
    listed = client.get(reverse("admin:tickets_ticket_changelist"), {"tag": "SDK 4.3"}).content.decode()
    assert ticket.number in listed
    elsewhere = client.get(reverse("admin:tickets_ticket_changelist"), {"tag": "sdk"}).content.decode()
    assert ticket.number not in elsewhere


def test_a_tag_that_is_too_long_is_refused_and_the_text_is_kept(
    login: Login, anna: User, ticket: Ticket
) -> None:
    response = act(login(anna), ticket, "tags", tags="x" * 41)
    assert response.status_code == 200
    assert "at most 40 characters" in response.content.decode()
    assert f'value="{"x" * 41}"' in response.content.decode()
    assert not ticket.tags.exists()
