"""Rows written with statements of our own are the same as those that Django writes."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.forms.models import model_to_dict

from tests.factories import NOW, MailboxFactory, TicketFactory, UserFactory
from tickets.choices import Fact, IntakeState
from tickets.lib.many_rows import fields_of
from tickets.lib.single_row import insert_row, insert_unless_there, insert_values, update_row
from tickets.models import InboundEmail, Submission, Ticket, TimelineEntry

pytestmark = pytest.mark.django_db

ODD = "黑屏 🙂 '\" %s {} \\ two\nlines"


def mail(mailbox, fingerprint, **more):
    values = {
        "size": 3,
        "via": "lmtp",
        "received_at": NOW,
        "envelope_to": [ODD, "b@x.example"],
        "subject": ODD,
    }
    return InboundEmail(mailbox=mailbox, raw=b"\x00\xff%s", fingerprint=fingerprint, **{**values, **more})


def stored(row):
    fresh = InboundEmail.objects.get(pk=row.pk)
    return {**model_to_dict(fresh, exclude=["id", "fingerprint"]), "raw": bytes(fresh.raw)}


def test_an_inserted_row_is_the_one_that_save_writes():
    mailbox = MailboxFactory()
    ours, django_s = mail(mailbox, "a"), mail(mailbox, "b")
    insert_row(ours)
    django_s.save(force_insert=True)
    assert stored(ours) == stored(django_s)
    assert abs(InboundEmail.objects.get(pk=ours.pk).stored_at - django_s.stored_at) < timedelta(minutes=1)


def test_an_inserted_row_can_be_saved_and_referred_to():
    ticket = TicketFactory()
    copy = Ticket(
        subject="Copy", priority=2, owner=ticket.owner, opened_at=NOW, updated_at=NOW, follows=ticket
    )
    insert_row(copy)
    copy.subject = "Changed"
    copy.save(update_fields=["subject"])
    assert Ticket.objects.get(follows=ticket).subject == "Changed"


def test_a_row_that_is_there_already_is_refused():
    mailbox = MailboxFactory()
    insert_row(mail(mailbox, "a"))
    second = mail(mailbox, "a")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_row(second)
    assert second.pk is None


def test_an_update_writes_its_fields_and_no_others():
    row, ticket = mail(MailboxFactory(), "a"), TicketFactory()
    insert_row(row)
    InboundEmail.objects.update(reason="by somebody else")
    row.state, row.signs, row.ticket, row.subject = IntakeState.FAILED, [ODD], ticket, "left"
    update_row(row, ["state", "signs", "ticket"])
    fresh = InboundEmail.objects.get()
    assert (fresh.state, fresh.signs, fresh.ticket) == (IntakeState.FAILED, [ODD], ticket)
    assert (fresh.reason, fresh.subject) == ("by somebody else", ODD)


def test_an_update_of_a_row_that_is_gone_is_an_error():
    row = mail(MailboxFactory(), "a")
    insert_row(row)
    InboundEmail.objects.all().delete()
    with pytest.raises(DatabaseError, match="is gone"):
        update_row(row, ["state"])


def test_several_rows_go_in_one_statement_in_their_order(django_assert_num_queries):
    ticket, actor = TicketFactory(), UserFactory()
    names = [field.attname for field in fields_of(TimelineEntry, with_key=False)]
    rows = [
        {
            "ticket_id": ticket.pk,
            "at": NOW,
            "fact": fact,
            "actor_id": actor.pk,
            "data": {"n": ODD},
            "reason": "",
        }
        for fact in (Fact.OWNER, Fact.OPENED, Fact.NOTED)
    ]
    with django_assert_num_queries(1):
        insert_values(TimelineEntry, [[row[name] for name in names] for row in rows])
    written = list(ticket.timeline.order_by("pk"))
    assert [entry.fact for entry in written] == [Fact.OWNER, Fact.OPENED, Fact.NOTED]
    assert all(entry.data == {"n": ODD} and entry.actor == actor for entry in written)


def test_a_row_whose_key_is_taken_is_left_as_it_is():
    user, other = UserFactory(), UserFactory()
    token = uuid4()
    assert insert_unless_there(Submission(token=token, user=user, at=NOW))
    assert not insert_unless_there(Submission(token=token, user=other, at=NOW))
    assert Submission.objects.get().user == user
