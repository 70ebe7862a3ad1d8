"""Trying a rule on last week's mail, before it is saved."""

from datetime import timedelta

import pytest

from tests.factories import NOW, CustomerFactory, InboundEmailFactory, TicketFactory
from tests.rawmail import rawmail
from tickets.mail.classify import MailKind
from tickets.models import InboundEmail, Rule
from tickets.triage import dry_run
from tickets.triage.dry_run import try_on_last_week

pytestmark = pytest.mark.django_db


def mail(days: float = 1, kind: MailKind = MailKind.PERSON, **more: object) -> InboundEmail:
    raw = rawmail(body=str(more.pop("body", "The room is black.")))
    return InboundEmailFactory(raw=raw, received_at=NOW - timedelta(days=days), kind=kind, **more)


def tried(**fields: object) -> dry_run.DryRun:
    return try_on_last_week(Rule(**fields), InboundEmail.objects.all(), now=NOW)


def test_it_counts_and_lists_last_weeks_mail_newest_first(django_assert_num_queries):
    older, newest = mail(2), mail(1, body="All black and dark.")
    mail(8)
    mail(1, body="No sound.", subject="Sound")
    mail(1, kind=MailKind.BOUNCE)
    with django_assert_num_queries(1):
        run = tried(words="black screen\ndark")
    assert (run.read, run.matched, run.is_cut) == (3, 3, False)
    run = tried(words="dark")
    assert [(each.mail.pk, each.words) for each in run.listed] == [(newest.pk, ("dark",))]
    assert [each.mail.pk for each in tried(words="is black").listed] == [older.pk]


def test_it_knows_the_customer_of_the_ticket():
    ours = CustomerFactory()
    hit = mail(ticket=TicketFactory(customer=ours))
    mail(ticket=TicketFactory())
    assert [each.mail.pk for each in tried(customer=ours).listed] == [hit.pk]


def test_it_is_bounded(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(dry_run, "MOST_MAILS", 3)
    monkeypatch.setattr(dry_run, "MOST_LISTED", 2)
    for _number in range(5):
        mail()
    with django_assert_num_queries(1):
        run = tried(words="black")
    assert (run.read, run.matched, len(run.listed), run.is_cut) == (3, 3, 2, True)
    monkeypatch.setattr(dry_run, "MOST_BYTES", 1)
    assert tried(words="black").read == 1


def test_bytes_that_are_no_mail_match_nothing():
    InboundEmailFactory(raw=b"\x00", received_at=NOW - timedelta(days=1), kind=MailKind.PERSON)
    assert tried(words="black").matched == 0
