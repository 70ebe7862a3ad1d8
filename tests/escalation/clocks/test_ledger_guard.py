"""The ledger in the database: no SQL changes or deletes a line, whatever program sends it."""

import pytest
from django.db import DatabaseError, connection, transaction

from escalation.models import ClockEvent
from tests.factories import ClockEventFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE escalation_clockevent SET cause = 'never happened'",
        "UPDATE escalation_clockevent SET due_after = recorded_at",
        "DELETE FROM escalation_clockevent",
    ],
)
def test_sql_that_rewrites_the_ledger_is_refused(statement):
    line = ClockEventFactory()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    line.refresh_from_db()
    assert ClockEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_guard_stands_after_tests_with_real_transactions():
    ClockEventFactory()
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM escalation_clockevent")
