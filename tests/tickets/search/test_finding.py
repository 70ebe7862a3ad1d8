"""Finding tickets by words, numbers, names and files: the newest first, only visible ones, the same on both databases.

Tests tickets.search.indexing too.
"""

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import (
    AttachmentFactory,
    ContactFactory,
    CustomerFactory,
    MessageFactory,
    findable,
    set_desk,
    staff,
)
from tests.talk import answered, asked, called, lying, minute, opened, words
from tickets.access import visible_tickets
from tickets.choices import MessageKind
from tickets.message_content import NewFile
from tickets.models import MessageTokens, Ticket
from tickets.search import finding
from tickets.search.finding import find_all, find_tickets
from tickets.search.indexing import SPANS, index_tickets, indexed_together
from tickets.services.conversation import add_automatic_message, add_note, reply
from tickets.services.late_words import mark_as_person
from tickets.services.mail_marks import mark_as_automatic
from tickets.services.merging import merge

pytestmark = pytest.mark.django_db


def found(text, tickets=None) -> list[int]:
    return find_tickets(Ticket.objects.all() if tickets is None else tickets, text).keys


def wrote(ticket, body, at=1):
    return asked(ticket, at, words=words(body))


@pytest.fixture(autouse=True)
def desk():
    set_desk(intake_owner=staff("intake"))


@pytest.fixture
def ticket():
    contact = ContactFactory(
        name="何思琪", phone="+86 138 0013 8091", customer=CustomerFactory(name="Aurora 科技")
    )
    return opened(contact=contact, words=words("推流失败 since ten o'clock", sender_name="Li Na"))


@pytest.fixture
def other():
    return opened(contact=ContactFactory(name="Bob"), words=words("一张发票, an invoice"))


@pytest.mark.parametrize(
    "text",
    [
        "推流", "失败 推流", "ten since", "BLACK 推流", "o'clock", "Li Na", "何思", "aurora", "科技 Aurora",
        "13800138091", "+86 138 0013 8091", "00138091", "8091", "li na 推流", "SINCE clo",
        "aurora 推流", "失败 何思", "推流 13800138091",
    ],
)  # fmt: skip
def test_a_ticket_is_found_by_its_words_in_any_order(ticket, other, text):
    """By subject, conversation, writer, contact, their telephone number, customer."""
    Ticket.objects.filter(pk=other.pk).update(subject="Invoice")
    index_tickets([other.pk])
    assert found(text) == [ticket.pk]


@pytest.mark.parametrize(
    "text", ["流推", "推流 发票", "clock ten2", "", " ", "%", "_", "'", "a | b", '"', "\0", "*"]
)
def test_what_is_not_there_is_not_found(ticket, other, text):
    assert found(text) == []


def test_everything_that_people_write_is_found_and_nothing_that_the_desk_writes(ticket, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    file = NewFile("日志 crash.zip", b"x", "")
    reply(ticket=ticket, actor=ticket.owner, at=minute(1), body="Update the codec", files=lying(file))
    called(ticket, 2)
    add_note(ticket=ticket, actor=ticket.owner, at=minute(3), body="Ask the vendor")
    add_note(ticket=ticket, actor=None, at=minute(4), body="Escalated automatically")
    add_automatic_message(
        ticket=ticket, content=words("I am on holiday"), received_at=minute(5), at=minute(5)
    )
    assert [bool(found(text)) for text in ("codec", "日志", "crash.zip", "Li", "vendor")] == [True] * 5
    assert [found(text) for text in ("Escalated", "holiday")] == [[], []]


def test_a_number_is_the_tickets_and_otherwise_a_word(ticket, other):
    wrote(other, f"See error 777000 and {ticket.pk}")
    assert found(str(ticket.pk)) == [ticket.pk]
    assert found(f"SD#{ticket.pk}") == [ticket.pk]
    assert found("777000") == [other.pk]
    assert found("SD#777000") == []
    assert found(str(ticket.pk), Ticket.objects.filter(pk=other.pk)) == [other.pk]


def test_an_address_is_found_whole_or_by_its_beginning_or_domain(ticket, other):
    wrote(ticket, "Copy to boss.one@partner.example please")
    assert [found(it) for it in ("boss.one@partner.example", "boss.one@", "@partner.example")] == [
        [ticket.pk]
    ] * 3
    assert found("one@partner.example") == []


def test_the_newest_words_come_first_and_only_so_many(ticket, other, monkeypatch):
    monkeypatch.setattr(finding, "MOST_FOUND", 2)
    third = opened(words=words("echo"))
    for each in (third, ticket, other):
        wrote(each, "echo")
    result = find_tickets(Ticket.objects.all(), "echo")
    assert (result.keys, result.is_capped) == ([other.pk, ticket.pk], True)
    assert find_tickets(Ticket.objects.all(), "invoice").is_capped is False
    assert {each.pk for each in find_all(Ticket.objects.all(), "echo")} == {third.pk, ticket.pk, other.pk}
    assert [each.pk for each in find_all(Ticket.objects.exclude(pk=third.pk), "invoice")] == [other.pk]


@pytest.mark.parametrize("most", [1, 2, 3, 1000])
def test_the_newest_are_found_however_many_messages_lie_between(monkeypatch, most):
    """A common word is looked for among the newest messages first, and among more of them until there are enough."""
    monkeypatch.setattr(finding, "MOST_FOUND", most)
    keys = [1, 2**15, 2**17, 2**19, 2**21, 2**23, 2**23 + 5]
    messages = [MessageFactory(pk=key, body="echo") for key in keys]
    findable(*(message.ticket for message in messages))
    newest_first = [message.ticket_id for message in reversed(messages)]
    result = find_tickets(Ticket.objects.all(), "echo")
    assert (result.keys, result.is_capped) == (newest_first[:most], most < len(keys))


@pytest.mark.parametrize("checked", [1, 4, 1000])
def test_only_what_the_reader_may_see_is_found_and_none_of_it_is_pushed_out(monkeypatch, checked):
    monkeypatch.setattr(finding, "MOST_FOUND", 2)
    monkeypatch.setattr(finding, "MOST_CHECKED", checked)
    ann = staff(groups=["Account manager"])
    mine = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)), words=words("echo"))
    for _each in range(4):
        opened(words=words("echo"))
    assert find_tickets(visible_tickets(ann), "echo").keys == [mine.pk]


def test_a_merged_ticket_is_found_as_the_one_that_goes_on(ticket, other):
    Ticket.objects.update(customer=None)
    merge(ticket=other, into=ticket, actor=ticket.owner, at=minute(5))
    assert found("发票") == [ticket.pk]
    assert found(f"SD#{other.pk}") == [other.pk]


def test_what_is_marked_as_automatic_is_no_longer_found_by_its_words_until_a_person_wrote_it(
    ticket, director
):
    message = wrote(ticket, "Disk full on host seven")
    assert found("disk full")
    mark_as_automatic(message=message, actor=director, at=minute(5))
    assert not found("disk full")
    mark_as_person(message=message, actor=director, at=minute(6))
    assert found("disk full")


@pytest.fixture
def director():
    return staff("boss", groups=["Support director"])


def test_indexing_anew_changes_nothing_and_mends_what_is_wrong(ticket):
    answered(ticket, 1)
    AttachmentFactory(message=ticket.messages.last(), name="trace.log", file=ContentFile(b"x", name="x"))
    stray = MessageTokens.objects.first()
    MessageTokens.objects.filter(pk=stray.pk).update(tokens=["wrong"])
    ticket.messages.filter(pk=stray.pk).update(kind=MessageKind.NOTE, is_automatic=True)
    index_tickets([ticket.pk])
    assert found("wrong") == []
    assert not MessageTokens.objects.filter(pk=stray.pk).exists()
    assert found("trace.log") == [ticket.pk]


def note(ticket, body):
    add_note(ticket=ticket, actor=ticket.owner, at=minute(1), body=body)


def note_and_fail(ticket):
    with indexed_together():
        note(ticket, "lost words")
        raise ZeroDivisionError


def test_messages_are_indexed_together_and_not_at_all_if_something_fails(ticket):
    with CaptureQueriesContext(connection) as captured, indexed_together():
        with pytest.raises(ZeroDivisionError):
            note_and_fail(ticket)
        note(ticket, "first words")
        note(ticket, "second words")
    written = [
        query["sql"] for query in captured if "INSERT" in query["sql"] and "messagetokens" in query["sql"]
    ]
    assert len(written) == 1
    assert [found(text) for text in ("lost", "first", "second")] == [[], [ticket.pk], [ticket.pk]]


def test_a_span_of_a_later_message_is_never_a_smaller_one():
    assert list(SPANS) == sorted(SPANS)


@pytest.mark.parametrize("field", ["contact", "customer"])
def test_own_tickets_are_found_though_many_that_nobody_may_see_have_the_name(monkeypatch, field):
    monkeypatch.setattr(finding, "MOST_NAMED", 3)
    ann = staff("ann", groups=["Account manager"])
    for number in range(4):
        other = CustomerFactory(name=f"Foreign Media {number}")
        opened(contact=ContactFactory(customer=other, name=f"Zhang Wei {number}"))
    mine = CustomerFactory(name="My Media", account_manager=ann)
    ticket = opened(contact=ContactFactory(customer=mine, name="Zhang Wei"))
    seen = visible_tickets(ann)
    text = "media" if field == "customer" else "Zhang Wei"
    result = find_tickets(seen, text)
    assert (result.keys, result.is_capped) == ([ticket.pk], False)
    assert list(find_all(seen, text)) == [ticket]


def test_how_many_foreign_people_have_a_name_shows_nowhere(monkeypatch):
    monkeypatch.setattr(finding, "MOST_NAMED", 3)
    ann = staff("ann", groups=["Account manager"])
    for number in range(4):
        ContactFactory(customer=CustomerFactory(), email=f"wei{number}@secret.example", name="Zhang Wei")
    ticket = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)))
    wrote(ticket, "Zhang Wei called us")
    assert not find_tickets(visible_tickets(ann), "Zhang Wei").is_capped


def test_a_download_of_a_name_with_words_has_all_of_them(monkeypatch):
    monkeypatch.setattr(finding, "MOST_FOUND", 2)
    aurora = CustomerFactory(name="Aurora")
    contact = ContactFactory(customer=aurora)
    tickets = [opened(contact=contact) for _each in range(4)]
    for ticket in tickets:
        wrote(ticket, "Please refund us")
    other = opened(contact=ContactFactory(customer=CustomerFactory(name="Bravo")))
    wrote(other, "Please refund us")
    assert find_tickets(Ticket.objects.all(), "Aurora refund").is_capped
    assert set(find_all(Ticket.objects.all(), "Aurora refund")) == set(tickets)
