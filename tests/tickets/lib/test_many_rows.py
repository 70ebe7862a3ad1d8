"""Statements for many rows write what single saves write."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, DataError, transaction
from django.forms.models import model_to_dict

from tests.factories import NOW, MailboxFactory, TicketFactory
from tickets.choices import Fact, IntakeState
from tickets.lib.many_rows import insert_rows, new_keys, prepared_changes, prepared_row, update_rows
from tickets.models import InboundEmail, Ticket, TimelineEntry

pytestmark = pytest.mark.django_db

ODD = [
    "",
    "tab\there",
    "two\nlines\r\n",
    "back\\slash \\N \\.",
    "'quotes\" %s {} {NULL}",
    "黑屏 🙂",
    "\u2028",
    "a,b",
]


@pytest.fixture
def mailbox():
    return MailboxFactory(address="support@desk.example")


def mails(mailbox, number):
    return [
        InboundEmail(
            mailbox=mailbox,
            raw=b"\x00\xff\\%s" + bytes([each]),
            size=each,
            fingerprint=str(each),
            via="lmtp",
            received_at=NOW + timedelta(microseconds=each),
            envelope_to=[ODD[each % len(ODD)], "b@x.example"],
            subject=ODD[each % len(ODD)],
            state=IntakeState.STORED,
            retry_at=None if each % 2 else NOW,
            is_history=bool(each % 2),
        )
        for each in range(number)
    ]


def as_stored():
    rows = InboundEmail.objects.order_by("received_at")
    return [{**model_to_dict(row, exclude=["id"]), "raw": bytes(row.raw)} for row in rows]


@pytest.mark.parametrize("with_keys", [False, True])
def test_rows_are_those_that_save_writes(mailbox, with_keys):
    for mail in mails(mailbox, 9):
        mail.save(force_insert=True)
    expected = as_stored()
    InboundEmail.objects.all().delete()
    rows = mails(mailbox, 9)
    if with_keys:
        for row, key in zip(rows, new_keys(InboundEmail, 9), strict=False):
            row.pk = key
    insert_rows(InboundEmail, [prepared_row(row, with_key=with_keys) for row in rows], with_keys=with_keys)
    assert as_stored() == expected
    if with_keys:
        assert list(InboundEmail.objects.order_by("received_at").values_list("pk", flat=True)) == [
            r.pk for r in rows
        ]


def test_a_row_is_stamped_when_it_is_written(mailbox, frozen):
    insert_rows(
        InboundEmail, [prepared_row(row, with_key=False) for row in mails(mailbox, 1)], with_keys=False
    )
    assert InboundEmail.objects.get().stored_at == NOW


def test_keys_are_used_by_nobody_else(mailbox):
    before = TicketFactory()
    keys = new_keys(Ticket, 3)
    drawn = [next(keys) for _ in range(3)]
    assert len({*drawn, before.pk}) == 4
    assert min(drawn) > before.pk


def test_changes_are_those_that_save_writes(mailbox):
    rows = mails(mailbox, 9)
    for row in rows:
        row.save(force_insert=True)
    changes = {}
    for place, row in enumerate(rows):
        row.subject, row.notes, row.state = (
            ODD[-1 - place % len(ODD)],
            [{"a": ODD[place % len(ODD)]}],
            "processed",
        )
        row.retry_at, row.attempts = (NOW, 70_000) if place % 2 else (None, 1)
        names = ("subject", "notes", "state", "retry_at", "attempts")
        changes[row.pk] = prepared_changes(row, names)
    update_rows(InboundEmail, names, changes)
    for row in rows:
        assert model_to_dict(InboundEmail.objects.get(pk=row.pk), fields=names) == model_to_dict(
            row, fields=names
        )


def test_a_change_of_a_row_that_is_gone_is_refused(mailbox):
    there, gone = mails(mailbox, 2)
    there.save(force_insert=True)
    gone.pk = there.pk + 1
    changes = {row.pk: prepared_changes(row, ("subject",)) for row in (there, gone)}
    with pytest.raises(DatabaseError, match="1 rows are gone"):
        update_rows(InboundEmail, ("subject",), changes)


@pytest.mark.postgresql
def test_a_text_that_is_too_long_is_refused_and_not_cut(mailbox):
    (row,) = mails(mailbox, 1)
    row.save(force_insert=True)
    row.subject = "a" * 501
    with pytest.raises(DataError), transaction.atomic():
        update_rows(InboundEmail, ("subject",), {row.pk: prepared_changes(row, ("subject",))})
    with pytest.raises(DataError), transaction.atomic():
        insert_rows(InboundEmail, [prepared_row(row, with_key=False)], with_keys=False)


def test_values_of_enumerations_are_written_as_their_values():
    ticket = TicketFactory()
    entry = TimelineEntry(ticket=ticket, at=NOW, fact=Fact.OPENED, data={"rule": Fact.NOTED})
    insert_rows(TimelineEntry, [prepared_row(entry, with_key=False)], with_keys=False)
    assert TimelineEntry.objects.filter(ticket=ticket, fact="opened", data={"rule": "noted"}).count() == 1
