"""The column of tokens: each database finds what `WantedWords` says of the tokens themselves."""

import itertools

import pytest
from django.db import connection

from customers.models import ContactTokens
from customers.search.column import create_indexes, fts5_table, tidy_index
from customers.search.tokens import tokens_of
from customers.search.wanted import wanted_words
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db

PARTS = (
    "black", "blackout", "黑屏", "屏", "黑", "直播间", "ß", "k8s", "4006", "+86 138 0013 8091", "li@acme.example",
    "a_b", "'x", "~14~1", "カメラ", "화면", "naïve",
)  # fmt: skip
ASKED = (*PARTS, "bla", "13800138091", "@acme", "li@", "播间", "screen", "NAÏV", "ss")


def store(texts):
    """A contact for each text, found by the text's words alone. Returns the tokens by the contact's key."""
    ContactTokens.objects.all().delete()
    tokens = {ContactFactory().pk: tokens_of(text) for text in texts}
    for pk, theirs in tokens.items():
        ContactTokens.objects.filter(pk=pk).update(tokens=theirs)
    return tokens


def having(text):
    return set(ContactTokens.objects.filter(tokens__has=wanted_words(text)).values_list("pk", flat=True))


def test_the_database_finds_what_the_tokens_say():
    tokens = store(" ".join(PARTS[start : start + 3]) for start in range(len(PARTS)))
    for asked in [*ASKED, *map(" ".join, itertools.combinations(ASKED, 2))]:
        wanted = wanted_words(asked)
        assert having(asked) == {pk for pk, theirs in tokens.items() if wanted.are_among(theirs)}, asked


def test_what_is_changed_or_deleted_is_no_longer_found():
    first, second = store(["black screen", "black room"])
    ContactTokens.objects.filter(pk=first).update(tokens=["echo"])
    assert (having("black"), having("screen"), having("echo")) == ({second}, set(), {first})
    ContactTokens.objects.filter(pk=second).delete()
    assert having("black") == set()
    ContactTokens.objects.all().delete()
    assert having("echo") == set()


def test_nothing_is_found_by_nothing():
    store(["black"])
    assert having("") == set()


def test_indexes_that_are_there_stay():
    store(["black"])
    create_indexes(ContactTokens)
    tidy_index(ContactTokens)
    assert len(having("black")) == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no triggers here")
def test_triggers_that_a_rebuilt_table_has_lost_are_created_again():
    words = fts5_table(ContactTokens._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {words}_insert")
    create_indexes(ContactTokens)
    store(["black"])
    assert len(having("black")) == 1
