"""One UPDATE that sets a value of its own for each row."""

from datetime import timedelta

import pytest
from django.db.models import DateTimeField

from escalation.lib.update_by_key import ValueByKey
from escalation.models import Clock
from tests.factories import NOW, ClockFactory

pytestmark = pytest.mark.django_db


def test_each_row_gets_its_own_value_and_others_none(django_assert_num_queries):
    one, two, three, other = (ClockFactory() for _each in range(4))
    wanted = {one.pk: NOW, two.pk: NOW + timedelta(microseconds=1), three.pk: None}
    with django_assert_num_queries(1):
        Clock.objects.filter(pk__in=wanted).update(next_step_at=ValueByKey(wanted, DateTimeField()))
    time_by_key = dict(Clock.objects.values_list("pk", "next_step_at"))
    assert time_by_key == {**wanted, other.pk: other.next_step_at}
