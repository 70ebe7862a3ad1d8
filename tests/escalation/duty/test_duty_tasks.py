"""The queue's tasks of duty do what their names say, at the present time."""

from datetime import timedelta

import pytest

from escalation.tasks import generate_shifts, tell_shift_changes
from supportdesk.schedules import TIMETABLE
from tests.factories import NOW, DutyLayerFactory, DutyRotaFactory, DutyShiftFactory, staff
from tickets.models import OutboundEmail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def test_shifts_are_generated_by_the_daily_task():
    layer = DutyLayerFactory(people=[staff("ann")])
    assert generate_shifts().startswith("created=")
    assert layer.rota.shifts.filter(starts_at__gt=NOW + timedelta(weeks=7)).exists()


def test_handover_mails_are_sent_by_the_minute_task():
    rota = DutyRotaFactory()
    DutyShiftFactory(rota=rota, user=staff("ann"), ends_at=NOW)
    DutyShiftFactory(rota=rota, user=staff("ben"), starts_at=NOW)
    assert (tell_shift_changes(), tell_shift_changes()) == ("told=1", "told=0")
    assert OutboundEmail.objects.count() == 2


@pytest.mark.parametrize(
    ("func", "rhythm"),
    [("escalation.tasks.generate_shifts", "cron"), ("escalation.tasks.tell_shift_changes", "minutes")],
)
def test_shift_generation_and_handover_mails_are_in_the_timetable(func, rhythm):
    (entry,) = [entry for entry in TIMETABLE if entry.func == func]
    assert getattr(entry, rhythm) is not None
