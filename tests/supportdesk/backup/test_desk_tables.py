"""The tables that a copy takes, leaves behind, and expects in an unused desk."""

import pytest
from django.apps import apps

from supportdesk.backup.desk_tables import LEFT_BEHIND, SHIPPED
from supportdesk.backup.loading import reading_desk
from tests.wholedesks import desk_in

pytestmark = pytest.mark.django_db


def test_the_table_of_each_model_is_taken_or_left_behind_on_purpose(empty):
    models = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    with desk_in(empty), reading_desk() as desk:
        taken = {table.name for table in desk.tables()}
    assert taken | LEFT_BEHIND == models | {"django_migrations"}
    assert taken & LEFT_BEHIND == set()


def test_an_unused_desk_has_rows_in_no_other_tables_than_the_shipped(empty):
    with desk_in(empty), reading_desk() as desk:
        filled = {table.name for table in desk.tables() if desk.count(table.name)}
    of_processes = LEFT_BEHIND | {"django_q_schedule", "django_q_task", "escalation_heartbeat"}
    assert filled == SHIPPED - of_processes
