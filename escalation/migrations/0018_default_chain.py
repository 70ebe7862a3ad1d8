"""Ships the default chain in full: a P0 pages the person on duty at once, and the last step is repeated.

A chain that somebody has made their own stays as it is.
"""

from django.db import migrations
from django.db.models.functions import Now

OTHERS = ["previous_holder", "account_manager", "backup"]
SHIPPED = {
    (50, ("holder",), ""),
    (80, ("holder", "backup"), ""),
    (100, tuple(OTHERS), "manager"),
    (150, tuple(OTHERS), "manager"),
    (200, tuple(OTHERS), "duty_manager"),
}
LOUD, QUIET = ["voice", "sms", "chat", "mail"], ["chat", "mail"]
P0, P1, P2, P3 = range(4)


def step(percent, tell, priorities=(P0, P3), **fields):
    return {
        "percent": percent,
        "tell": tell,
        "highest_priority": priorities[0],
        "lowest_priority": priorities[1],
        "channels": LOUD if priorities[1] <= P1 else QUIET,
        **fields,
    }


CHAIN = (
    step(0, ["account_manager"], (P0, P0), reassign_to="duty_person", ack_required=True),
    step(50, ["holder"], (P0, P1)),
    step(50, ["holder"], (P2, P3), ack_minutes=60),
    step(80, ["holder", "backup"], (P0, P1)),
    step(80, ["holder", "backup"], (P2, P3), ack_minutes=60),
    step(100, OTHERS, (P0, P1), reassign_to="manager"),
    step(100, OTHERS, (P2, P3), reassign_to="manager", ack_minutes=60),
    step(150, OTHERS, (P0, P1), reassign_to="manager"),
    step(150, OTHERS, (P2, P3), reassign_to="manager", ack_minutes=60),
    step(200, OTHERS, (P0, P1), reassign_to="duty_manager", repeat_minutes=15),
    step(200, OTHERS, (P2, P3), reassign_to="duty_manager", ack_minutes=240, repeat_minutes=240),
)


def ship(apps, schema_editor):
    step_model = apps.get_model("escalation", "EscalationStep")
    policy = apps.get_model("escalation", "Policy").objects.filter(is_default=True).first()
    if policy is None:
        return
    found = step_model.objects.filter(policy=policy)
    if {(row.percent, tuple(row.tell), row.reassign_to) for row in found} != SHIPPED:
        return
    found.update(retired_at=Now())
    step_model.objects.bulk_create(step_model(policy=policy, **fields) for fields in CHAIN)
    open_clocks = apps.get_model("escalation", "Clock").objects.filter(stopped_at=None)
    open_clocks.update(next_step_at=Now())  # the next sweep puts them on the new chain


class Migration(migrations.Migration):
    dependencies = [("escalation", "0017_absences_and_drills")]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
