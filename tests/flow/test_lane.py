"""Enforcement has a lane of its own: a queue full of slow tasks delays neither the sweep nor a page."""

import sys
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from escalation.models import Clock, Escalation
from supportdesk.models import Cluster
from tests.flow import letters
from tests.flow.desk import FreshDesk
from tests.flow.outside import Outside
from tests.flow.waiting import until
from tickets.choices import Priority
from tickets.models import Ticket

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("rows")]

SLOW = "from django_q.tasks import async_task; [async_task('time.sleep', 60, task_name='slow') for _ in range(60)]"


def fill_the_queue(desk: FreshDesk) -> None:
    """All workers are busy, and twenty minutes of work wait before whatever is queued next."""
    desk.manage("shell", "-c", SLOW)
    busy = Cluster.objects.filter(busy=3, workers=3)
    until(busy.exists, "all workers are busy", 60)


def test_a_full_queue_delays_neither_the_sweep_nor_the_page(desk: FreshDesk, outside: Outside) -> None:
    letters.hand_over(letters.new_mail("ops@tempo.example", "All is dark", "Nothing works."), desk.lmtp_port)
    ticket = until(lambda: Ticket.objects.filter(subject="All is dark").first(), "the ticket", 90)
    assert ticket
    Ticket.objects.filter(pk=ticket.pk).update(priority=Priority.P0)
    fill_the_queue(desk)
    due = timezone.now() + timedelta(seconds=3)
    Clock.objects.filter(ticket=ticket).update(due_at=due, next_step_at=due)
    until(lambda: Escalation.objects.filter(clock__ticket=ticket).exists(), "the escalation", 30)
    clock = Clock.objects.get(ticket=ticket)
    outside.wait_for("lea@staff.example", ticket.number, 30)
    assert clock.detected_at
    late, told = clock.detected_at - clock.due_at, timezone.now() - clock.due_at
    sys.stderr.write(
        f"enforced {late.total_seconds():.1f} s, mailed {told.total_seconds():.1f} s after the due time\n"
    )
    assert late < timedelta(seconds=10)
    assert OrmQ.objects.filter(key="supportdesk", lock__lte=timezone.now()).count() > 50
    [cluster] = Cluster.objects.all()
    assert cluster.swept_at
    assert timezone.now() - cluster.swept_at < timedelta(seconds=30)
