"""Two connections read one state of the database, whatever others write meanwhile."""

import threading

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import connection

from escalation.lib.snapshot import read_side_by_side
from escalation.proof.whole_proof import prove_all
from tests.factories import set_desk, staff
from tests.talk import answered, opened
from tickets.models import Message

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def add_group_elsewhere() -> None:
    words = connection.get_connection_params()
    given = {key: words[key] for key in ("dbname", "user", "password", "host", "port")}
    with psycopg.connect(**given, autocommit=True) as session:
        session.execute("INSERT INTO auth_group (name) VALUES ('New')")


def test_neither_sees_what_was_written_since_the_first_began() -> None:
    is_written, before = threading.Event(), Group.objects.count()

    def first() -> int:
        add_group_elsewhere()
        is_written.set()
        return Group.objects.count()

    def second() -> int:
        assert is_written.wait(10)
        return Group.objects.count()

    assert read_side_by_side(first, second) == (before, before)
    assert Group.objects.count() == before + 1


def test_they_read_at_the_same_time_with_two_sessions() -> None:
    both = threading.Barrier(2)

    def session() -> int:
        both.wait(10)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return int(cursor.fetchone()[0])

    first, second = read_side_by_side(session, session)
    assert first != second


def test_what_the_second_one_raises_is_raised() -> None:
    def broken() -> int:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        read_side_by_side(Group.objects.count, broken)
    assert not connection.in_atomic_block


def test_a_proof_names_changed_words_that_the_second_session_reads() -> None:
    set_desk(duty_manager=staff("duty"))
    answered(opened(), 5)
    assert prove_all().mismatches == ()
    Message.objects.filter(author__isnull=False).update(body="Other words.")
    proof = prove_all()
    assert {mismatch.problem for mismatch in proof.mismatches} == {
        "a message on which it rests has other words or times than it had."
    }
