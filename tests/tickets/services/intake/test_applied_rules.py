"""What mail rules do with the mail that arrives."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.choices import Scenario
from escalation.policies.book import current_book
from tests.factories import (
    NOW,
    AbsenceFactory,
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    UserFactory,
    set_desk,
)
from tests.rawmail import rawmail
from tickets.choices import Fact, IntakeState, OwnerRule, Priority, RulePriority
from tickets.models import InboundEmail, Mailbox, Rule, Ticket
from tickets.services.intake import process, receive_raw, release_parked
from tickets.services.status_and_priority import change_priority

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mailbox() -> Mailbox:
    Rule.objects.update(is_active=False, stamp=0)
    set_desk(intake_owner=AdminFactory(username="root"))
    return MailboxFactory(address="support@desk.example", name="Support")


@pytest.fixture
def li():
    return ContactFactory(
        email="li@company.example", customer=CustomerFactory(account_manager=UserFactory(username="ann"))
    )


def rule(name: str = "Black", **fields: Any) -> Rule:
    return Rule.objects.create(**{"name": name, "words": "black", "how": RulePriority.SET, **fields})


def arrive(*, at: datetime = NOW, **mail: Any) -> InboundEmail:
    stored = receive_raw(raw=rawmail(**mail), received_at=at, via="imap")
    row = process(stored.pk, now=at + timedelta(seconds=5))
    assert row is not None
    assert row.error == ""
    return row


def answer(ticket: Ticket, body: str, *, number: int = 2, **mail: Any) -> InboundEmail:
    return arrive(
        at=NOW + timedelta(minutes=number),
        subject=f"Re: {ticket.subject} [{ticket.number}]",
        body=body,
        message_id=f"<{number}@company.example>",
        **mail,
    )


def ticket_of(row: InboundEmail) -> Ticket:
    assert row.ticket is not None
    return Ticket.objects.get(pk=row.ticket.pk)


def test_a_rule_sets_priority_owner_and_scenario_and_the_timeline_names_it(li):
    ben = UserFactory(username="ben")
    rule(priority=Priority.P1, owner=ben, scenario=Scenario.GAME_VOICE)
    ticket = ticket_of(arrive())
    assert (ticket.priority, ticket.owner, ticket.scenario) == (Priority.P1, ben, Scenario.GAME_VOICE)
    opened = ticket.timeline.get(fact=Fact.OPENED)
    assert opened.data["rule"] == OwnerRule.MAIL_RULE
    assert ticket.timeline.get(fact=Fact.RULES).data == {"rules": ["Black"]}


def test_a_rule_without_a_match_leaves_no_trace(li):
    rule(priority=Priority.P1, words="sound")
    ticket = ticket_of(arrive())
    assert ticket.priority == Priority.P2
    assert not ticket.timeline.filter(fact=Fact.RULES).exists()


def test_an_absent_owner_is_passed_over(li):
    ben = UserFactory(username="ben")
    AbsenceFactory(user=ben)
    rule(owner=ben)
    assert ticket_of(arrive()).owner.username == "ann"


def test_what_the_sender_asks_for_comes_before_a_rule(li):
    rule(priority=Priority.P3)
    assert ticket_of(arrive(subject="[P1] Black screen")).priority == Priority.P1


def test_a_rule_raises_no_mail_that_failed_dmarc(li):
    rule(priority=Priority.P0)
    forged = {"Authentication-Results": "mx.desk.example; dmarc=fail"}
    assert ticket_of(arrive(headers=forged)).priority == Priority.P2


def test_a_rule_holds_a_mail_until_somebody_releases_it(li):
    rule(parks=True, priority=Priority.P3)
    row = arrive()
    assert (row.state, row.ticket) == (IntakeState.PARKED, None)
    assert "“Black”" in row.reason
    released = release_parked(inbound=row, actor=AdminFactory(), at=NOW + timedelta(hours=1))
    ticket = ticket_of(released)
    assert (ticket.opened_at, ticket.priority) == (NOW, Priority.P3)


def test_an_answer_is_never_held_and_keeps_its_owner_but_may_be_raised(li):
    ticket = ticket_of(arrive(subject="Sound", body="No sound."))
    rule(parks=True, priority=Priority.P1, owner=UserFactory(username="ben"))
    row = answer(ticket, "Now it is black.")
    assert row.state == IntakeState.PROCESSED
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.owner.username) == (Priority.P1, "ann")


def test_in_an_answer_a_rule_neither_lowers_nor_overrules_a_person(li):
    ticket = ticket_of(arrive(subject="Sound", body="No sound."))
    low = rule(priority=Priority.P3)
    answer(ticket, "Now it is black.")
    ticket.refresh_from_db()
    assert ticket.priority == Priority.P2
    change_priority(ticket=ticket, priority=Priority.P3, actor=ticket.owner, at=NOW, reason="A question")
    low.priority = Priority.P1
    low.save()
    answer(ticket, "It is black.", number=3)
    ticket.refresh_from_db()
    assert ticket.priority == Priority.P3


def test_quoted_words_raise_nothing(li):
    ticket = ticket_of(arrive(subject="Sound", body="No sound."))
    rule(priority=Priority.P1)
    answer(
        ticket, "Thanks!\r\n\r\nOn Mon, Mar 5, 2024 at 10:07 AM Ann <a@desk.example> wrote:\r\n> Is it black?"
    )
    ticket.refresh_from_db()
    assert ticket.priority == Priority.P2


def test_rules_are_read_once_after_a_change_and_cost_no_query_otherwise(li):
    black = rule(priority=Priority.P1)

    def queries(number: int) -> int:
        current_book()
        with CaptureQueriesContext(connection) as captured:
            arrive(message_id=f"<{number}@company.example>", subject=f"Hello {number}", body="No sound.")
        return sum('FROM "tickets_rule"' in query["sql"] and "SUM(" not in query["sql"] for query in captured)

    assert [queries(1), queries(2)] == [1, 0]
    black.words = "sound"
    black.save()
    assert queries(3) == 1
    assert Ticket.objects.get(subject="Hello 3").priority == Priority.P1
    assert queries(4) == 0


# Tags


def test_every_rule_that_applies_adds_its_tags(li):
    rule(name="One", priority=Priority.P1, tags="picture, urgent")
    rule(name="Two", tags="urgent, player")
    rule(name="Three", words="sound", tags="audio")
    ticket = ticket_of(arrive())
    assert [tag.name for tag in ticket.tags.all()] == ["picture", "player", "urgent"]
    assert set(ticket.timeline.get(fact=Fact.RULES).data["rules"]) == {"One", "Two"}


def test_rules_add_tags_for_words_in_an_answer(li):
    ticket = ticket_of(arrive())
    rule(words="sound", tags="audio")
    answer(ticket, "No sound either.")
    assert [tag.name for tag in ticket.tags.all()] == ["audio"]
