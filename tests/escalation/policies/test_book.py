"""The book of policies: kept in the process, read anew after any change, however it was made."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.signals import post_migrate

from customers.models import ServicePlan
from escalation.choices import ClockKind
from escalation.models import (
    Calendar,
    ContractWindow,
    DutyRota,
    EscalationStep,
    Policy,
    PolicyStamp,
    PolicyTarget,
    PolicyVersion,
)
from escalation.policies.book import current_book
from escalation.policies.stamp_triggers import create_triggers
from tests.factories import NOW, ContractWindowFactory, DutyRotaFactory
from tickets.choices import Priority

pytestmark = pytest.mark.django_db

FIRST, P2 = ClockKind.FIRST_RESPONSE, Priority.P2


def stamp():
    return PolicyStamp.objects.get().stamp


def promised_minutes():
    return current_book().window(None, FIRST, P2, at=NOW).minutes


def test_the_book_is_read_once(django_assert_num_queries):
    current_book()
    with django_assert_num_queries(1):
        current_book()
    known = stamp()
    with django_assert_num_queries(0):
        current_book(known)


@pytest.mark.parametrize(
    "change",
    [
        lambda: PolicyTarget.objects.filter(kind=FIRST, priority=P2).update(minutes=7),
        lambda: _by_hand("UPDATE escalation_policytarget SET minutes = 7 WHERE priority = 2"),
    ],
    ids=["bulk update", "by hand"],
)
def test_a_change_that_no_service_makes_is_seen(change):
    assert promised_minutes() == 480
    change()
    assert promised_minutes() == 7


def _by_hand(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_change_that_is_rolled_back_is_forgotten():
    assert promised_minutes() == 480
    with transaction.atomic():
        PolicyTarget.objects.filter(kind=FIRST, priority=P2).update(minutes=7)
        assert promised_minutes() == 7
        transaction.set_rollback(True)
    assert promised_minutes() == 480


@pytest.mark.parametrize(
    "model",
    [
        Calendar, ContractWindow, DutyRota, EscalationStep, Policy, PolicyTarget, PolicyVersion, ServicePlan,
    ],
)  # fmt: skip
def test_every_table_that_the_book_reads_renews_the_stamp(model):
    DutyRotaFactory()
    ContractWindowFactory()
    before = stamp()
    table, key = model._meta.db_table, model._meta.pk.column
    _by_hand(f"UPDATE {table} SET {key} = {key}")
    assert stamp() != before


def test_the_triggers_return_after_a_migration_has_rebuilt_a_table():
    if connection.vendor == "sqlite":
        _by_hand("DROP TRIGGER escalation_policytarget_update_renews_stamp")
    else:
        _by_hand("DROP TRIGGER escalation_policytarget_renews_stamp ON escalation_policytarget")
    before = stamp()
    PolicyTarget.objects.update(minutes=9)
    assert stamp() == before
    create_triggers(using="default")
    PolicyTarget.objects.update(minutes=10)
    assert stamp() != before
    receivers = [receiver for _key, receiver, *_rest in post_migrate.receivers]
    assert create_triggers in [receiver() for receiver in receivers]


def test_without_a_stamp_the_policies_are_read_each_time():
    assert promised_minutes() == 480
    PolicyStamp.objects.all().delete()
    PolicyTarget.objects.update(minutes=7)
    assert promised_minutes() == 7


def test_who_changes_a_window_changes_their_own_copy():
    window = current_book().window(None, FIRST, P2, at=NOW)
    window.minutes, window.version.policy.name, window.calendar.definition = 1, "?", ""
    again = current_book().window(None, FIRST, P2, at=NOW)
    assert (again.minutes, again.version.policy.name) == (480, Policy.objects.get(is_default=True).name)
    assert again.calendar.definition


def test_a_moment_before_every_version_gets_the_first_one():
    window = current_book().window(None, FIRST, P2, at=NOW - timedelta(days=9000))
    assert window.version.number == 1
