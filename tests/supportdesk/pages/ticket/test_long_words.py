"""The ticket page stays small with huge messages and with hundreds; what it leaves out has pages of its own."""

from datetime import timedelta

import pytest
from django.urls import reverse

from escalation.choices import ClockState
from supportdesk.pages.ticket.page import MOST_MESSAGES, MOST_PROMISES
from supportdesk.pages.ticket.shown_words import LONGEST, PART
from tests.factories import (
    NOW,
    ClockFactory,
    ContactFactory,
    CustomerFactory,
    MessageFactory,
    OutboundMessageFactory,
    TicketFactory,
    set_desk,
    staff,
)

pytestmark = pytest.mark.django_db
MOST_BYTES = 660_000


@pytest.fixture
def anna():
    return staff("anna", groups=["Account manager"])


@pytest.fixture
def ticket(anna):
    set_desk(duty_manager=staff("duty"))
    customer = CustomerFactory(account_manager=anna)
    return TicketFactory(customer=customer, contact=ContactFactory(customer=customer), owner=anna)


def page_of(ticket):
    return reverse("admin:tickets_ticket_change", args=[ticket.pk])


def text_of(message, **query):
    return reverse("admin:tickets_message_text", args=[message.pk], query=query or None)


HOSTILE = {
    "words": "word " * 1_600_000,
    "quotation marks": '"' * 8_000_000,
    "line ends": "\n" * 8_000_000,
    "addresses": "a.cn " * 1_600_000,
    "chinese": "直播间黑屏" * 800_000,
    "html": "<b>" * 2_000_000,
}


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_a_huge_message_is_folded(login, anna, ticket, words):
    for column in ("body", "quoted"):
        MessageFactory(ticket=ticket, at=NOW, **{column: words})
    answer = login(anna).get(page_of(ticket))
    assert len(answer.content) < MOST_BYTES
    assert answer.content.decode().count("Show all of it") == 2


@pytest.mark.parametrize("words", [*HOSTILE.values(), "short"], ids=[*HOSTILE, "short"])
def test_five_hundred_messages_are_a_small_page(login, anna, ticket, words):
    for number in range(500):
        body = f"{number}. {words[:20_000]}"
        MessageFactory(
            ticket=ticket, body=body, quoted=body, html="<p>x</p>", at=NOW + timedelta(minutes=number)
        )
    answer = login(anna).get(page_of(ticket))
    assert len(answer.content) < MOST_BYTES
    assert f"{500 - MOST_MESSAGES} older messages" in answer.content.decode()


def test_five_hundred_messages_cost_one_query_more_than_two(login, anna, ticket, count_queries):
    client = login(anna)
    for number in range(2):
        MessageFactory(ticket=ticket, at=NOW + timedelta(minutes=number))
    client.get(page_of(ticket))
    few = count_queries(lambda: client.get(page_of(ticket)))
    for number in range(500):
        MessageFactory(ticket=ticket, at=NOW + timedelta(minutes=number))
    assert count_queries(lambda: client.get(page_of(ticket))) == few + 1


def test_thirty_promises_cost_the_queries_of_three_and_the_page_leads_to_those_it_leaves_out(
    login, anna, ticket, count_queries
):
    client = login(anna)

    def promise(number):
        at = NOW + timedelta(hours=number)
        asked = MessageFactory(ticket=ticket, at=at)
        answer = OutboundMessageFactory(ticket=ticket, at=at + timedelta(minutes=9), author=anna)
        ended = {"state": ClockState.MET, "stopped_at": answer.at, "next_step_at": None}
        ClockFactory(ticket=ticket, started_at=at, started_by=asked, answered_by=answer, **ended)

    for number in range(3):
        promise(number)
    client.get(page_of(ticket))
    few = count_queries(lambda: client.get(page_of(ticket)))
    assert "All SLAs of this ticket" not in client.get(page_of(ticket)).content.decode()
    for number in range(3, 30):
        promise(number)
    ClockFactory(ticket=ticket, started_at=NOW - timedelta(days=1), kind="update")
    assert count_queries(lambda: client.get(page_of(ticket))) <= few + 1  # older messages
    html = client.get(page_of(ticket)).content.decode()
    assert html.count('class="promise promise-done"') == MOST_PROMISES - 1
    assert html.count('class="promise promise-open"') == 1
    assert f"{reverse('admin:escalation_clock_changelist')}?q=SD%23{ticket.pk}" in html


def test_the_newest_messages_are_shown_whole_and_the_page_says_what_it_left_out(login, anna, ticket):
    MessageFactory(ticket=ticket, body="x" * LONGEST, at=NOW)
    html = login(anna).get(page_of(ticket)).content.decode()
    assert "x" * LONGEST in html
    assert "Show all of it" not in html


def test_the_whole_text_is_on_a_page_of_its_own_in_parts(login, anna, ticket):
    message = MessageFactory(ticket=ticket, body="a" * PART + "<b>" + "c" * 10, quoted="quoted words", at=NOW)
    client = login(anna)
    first, second = (client.get(text_of(message, part=part)).content.decode() for part in (1, 2))
    assert ("a" * PART in first, "ccc" in first, "part 1 of 2" in first) == (True, False, True)
    assert "&lt;b&gt;cccccccccc\n\nquoted words" in second
    assert [client.get(text_of(message, part=part)).status_code for part in (0, 3, "x", "9" * 30)] == [
        404
    ] * 4


def test_nobody_reads_there_what_is_not_theirs_or_erased(login, anna, ticket):
    message = MessageFactory(ticket=ticket, body="words", at=NOW)
    other = staff("other", groups=["Account manager"])
    assert login(other).get(text_of(message)).status_code == 404
    assert login(other).get(reverse("admin:tickets_ticket_older", args=[ticket.pk])).status_code == 404
    message.erased_at = NOW
    message.save(update_fields=["erased_at"])
    assert login(anna).get(text_of(message)).status_code == 404


def test_older_messages_are_read_in_pages(login, anna, ticket):
    for number in range(MOST_MESSAGES + 150):
        MessageFactory(ticket=ticket, body=f"number {number}.", at=NOW + timedelta(minutes=number))
    url = reverse("admin:tickets_ticket_older", args=[ticket.pk])
    client = login(anna)
    newest, oldest = client.get(url).content.decode(), client.get(url, {"p": 1}).content.decode()
    assert ("number 149." in newest, "number 99." in newest, "number 150." in newest) == (True, False, False)
    assert (
        "number 0." in oldest,
        f"number {MOST_MESSAGES - 1}." in oldest,
        "<form" in oldest.split("t-main")[1],
    ) == (
        True,
        True,
        False,
    )
