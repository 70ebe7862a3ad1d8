"""Bulk inserts write the same rows as single saves, whatever their values."""

from datetime import timedelta

import pytest
from django.db import DataError, connection, transaction
from django.forms.models import model_to_dict

from tests.factories import NOW, TicketFactory, UserFactory
from tickets.choices import Channel, Fact, MessageKind
from tickets.lib.bulk_insert import FEW, NewRow, insert_all, insert_with_keys
from tickets.models import Message, TimelineEntry

pytestmark = pytest.mark.django_db

ODD = [
    "",
    "tab\there",
    "two\nlines\r\n",
    "back\\slash \\N \\.",
    "'quotes\" %s {}",
    "黑屏 🙂",
    "\u2028",
    "a" * 5000,
]


def messages(ticket, number):
    alike = {"ticket_id": ticket.pk, "kind": MessageKind.NOTE, "channel": Channel.PHONE, "created_at": NOW}
    rows = []
    for each in range(number):
        at = NOW + timedelta(microseconds=each)
        values = {"at": at, "body": ODD[each % len(ODD)], "is_automatic": bool(each % 2)}
        rows.append(NewRow(Message, {**alike, **values}))
    return rows


@pytest.mark.parametrize("number", [0, 1, FEW, FEW + 1, 100])
def test_a_bulk_insert_writes_each_row_as_a_single_save_would(number):
    ticket = TicketFactory()
    insert_all(messages(ticket, number))
    written = [model_to_dict(row, exclude=["id"]) for row in ticket.messages.order_by("at")]
    ticket.messages.all().delete()
    for row in messages(ticket, number):
        row.made().save()
    assert written == [model_to_dict(row, exclude=["id"]) for row in ticket.messages.order_by("at")]
    assert len(written) == number


@pytest.mark.parametrize("number", [0, 1, FEW, FEW + 1])
def test_rows_inserted_with_keys_know_the_keys_they_got(number):
    ticket = TicketFactory()
    rows = [row.made() for row in messages(ticket, number)]
    insert_with_keys(rows)
    assert [row.pk for row in rows] == [message.pk for message in ticket.messages.order_by("at")]
    for row in rows[-1:]:
        row.body = "said otherwise"
        row.save()
    messages(ticket, 1)[0].made().save()
    assert ticket.messages.count() == number + 1


def test_json_and_nulls_survive_the_bulk_insert():
    ticket, actor = TicketFactory(), UserFactory()
    data = {"words": ODD, "deep": {"list": [1, None, True, 0.5]}}
    insert_all(
        [
            NewRow(
                TimelineEntry,
                {
                    "ticket_id": ticket.pk,
                    "fact": Fact.OWNER,
                    "at": NOW,
                    "actor_id": actor.pk if each else None,
                    "data": data,
                },
            )
            for each in range(FEW + 5)
        ]
    )
    entries = list(ticket.timeline.order_by("pk"))
    assert len(entries) == FEW + 5
    assert all(entry.data == data and entry.fact == Fact.OWNER for entry in entries)
    assert [entry.actor for entry in entries].count(None) == 1


@pytest.mark.postgresql
def test_one_invalid_row_keeps_the_whole_batch_out():
    ticket = TicketFactory()
    rows = messages(ticket, FEW + 5)
    rows[7].values["body"] = "nul \x00 here"
    with pytest.raises(DataError), transaction.atomic():
        insert_all(rows)
    assert connection.vendor == "postgresql"
    assert not ticket.messages.exists()


@pytest.mark.parametrize("number", [1, FEW + 1])
def test_an_unknown_column_is_refused(number):
    rows = [NewRow(TimelineEntry, {"ticket_id": 1, "fact": Fact.OWNER, "at": NOW, "actr_id": 1})] * number
    with pytest.raises(TypeError, match="actr_id"):
        insert_all(rows)
