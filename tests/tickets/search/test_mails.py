"""Mails are found by sender, recipients, subject, Message-ID and ticket, before and after their words are indexed."""

from datetime import timedelta

import pytest
from django.db.models import Max

from tests.factories import (
    NOW,
    AdminFactory,
    InboundEmailFactory,
    OutboundEmailFactory,
    TicketFactory,
    set_desk,
)
from tests.rawmail import rawmail
from tickets.models import InboundEmail, InboundTokens, OutboundEmail
from tickets.search import mails
from tickets.search.mails import INBOUND, OUTBOUND, SETTLED, find_mails, index_again, index_mails
from tickets.services.intake import process, receive_raw

pytestmark = pytest.mark.django_db
LATER = SETTLED + timedelta(seconds=1)


def always() -> bool:
    return True


def index_all():
    """As the task does when everything has settled."""
    last = InboundEmail.objects.aggregate(last=Max("stored_at"))["last"]
    return index_mails(now=max(last or NOW, NOW) + LATER, may_go_on=always)


@pytest.fixture
def incoming():
    InboundEmailFactory(sender="bob@other.example", subject="Invoice")
    return InboundEmailFactory(
        sender="li.na@acme.example", subject="Re: 推流 black screen", rfc_message_id="<a1.b2@acme.example>"
    )


@pytest.mark.parametrize(
    "text", ["推流", "screen re", "Li.Na@acme.example", "li.na@", "<a1.b2@acme.example>", "acme.example"]
)
def test_a_mail_is_found_before_and_after_it_is_indexed(incoming, text):
    found = [find_mails(INBOUND, InboundEmail.objects.all(), text)]
    assert index_all() >= 2
    found.append(find_mails(INBOUND, InboundEmail.objects.all(), text))
    assert found == [[incoming.pk], [incoming.pk]]


@pytest.mark.parametrize("text", ["", "\0", "screen invoice", "SD#1", "%"])
def test_what_no_mail_has_is_not_found(incoming, text):
    found = [find_mails(INBOUND, InboundEmail.objects.all(), text)]
    index_all()
    assert [*found, find_mails(INBOUND, InboundEmail.objects.all(), text)] == [[], []]


def test_outgoing_mail_is_found_by_its_recipients_and_by_its_ticket():
    ticket = TicketFactory()
    mail = OutboundEmailFactory(
        ticket=ticket, recipients=["li@acme.example"], copies=["boss@acme.example"], created_at=NOW
    )
    other = OutboundEmailFactory(recipients=["bob@other.example"], created_at=NOW)
    for _indexed in range(2):
        for text in ("li@acme.example", "boss@", ticket.number, str(ticket.pk)):
            assert find_mails(OUTBOUND, OutboundEmail.objects.all(), text) == [mail.pk]
        assert find_mails(OUTBOUND, OutboundEmail.objects.filter(pk=other.pk), "li@acme.example") == []
        index_all()


def test_only_settled_mail_is_indexed_and_each_run_goes_on(monkeypatch):
    monkeypatch.setattr(mails, "BATCH", 2)
    old = [OutboundEmailFactory(created_at=NOW) for _each in range(3)]
    OutboundEmailFactory(created_at=NOW + LATER)
    late = OutboundEmailFactory(created_at=NOW)  # drawn its key last, so it waits for the one before
    assert index_mails(now=NOW + SETTLED - timedelta(seconds=1), may_go_on=always) == 0
    assert index_mails(now=NOW + LATER, may_go_on=always) == len(old)
    assert index_mails(now=NOW + LATER, may_go_on=always) == 0
    assert index_mails(now=NOW + 3 * LATER, may_go_on=always) == 2
    assert find_mails(OUTBOUND, OutboundEmail.objects.all(), late.recipients[0])


def test_mail_whose_words_are_erased_is_no_longer_found(incoming):
    index_all()
    fresh = InboundEmailFactory(sender="new@acme.example", subject="推流")
    for mail in (incoming, fresh):
        InboundEmail.objects.filter(pk=mail.pk).update(sender="", subject="")
        index_again(INBOUND, [mail.pk])
    assert find_mails(INBOUND, InboundEmail.objects.all(), "推流") == []
    assert not InboundTokens.objects.filter(pk=fresh.pk).exists()


def test_mail_that_is_processed_after_it_was_indexed_is_found_by_its_words():
    set_desk(intake_owner=AdminFactory())
    raw = rawmail(sender="Wang <wang@acme.example>", subject="Quixotic silence")
    row = receive_raw(raw=raw, received_at=NOW, via="imap")
    stored_at = InboundEmail.objects.get(pk=row.pk).stored_at
    index_mails(now=stored_at + SETTLED, may_go_on=always)
    process(row.pk, now=stored_at + SETTLED + timedelta(minutes=2))
    for text in ("Quixotic", "wang@acme.example"):
        assert find_mails(INBOUND, InboundEmail.objects.all(), text) == [row.pk]
