"""Ships the promise of the tier table: 30 minutes, 4, 8 and 24 hours around the clock, and the default chain."""

from datetime import UTC, datetime

from django.db import migrations

WINDOWS = {0: 30, 1: 4 * 60, 2: 8 * 60, 3: 24 * 60}
KINDS = ("first_response", "next_response")
OTHERS = ["previous_holder", "account_manager", "backup"]
CHAIN = (
    (50, ["holder"], ""),
    (80, ["holder", "backup"], ""),
    (100, OTHERS, "manager"),
    (150, OTHERS, "manager"),
    (200, OTHERS, "duty_manager"),
)


def ship(apps, schema_editor):
    get = apps.get_model
    calendar = get("escalation", "Calendar").objects.create(name="24x7", time_zone="UTC", always_open=True)
    policy = get("escalation", "Policy").objects.create(name="Default promise", is_default=True)
    version = get("escalation", "PolicyVersion").objects.create(
        policy=policy, number=1, created_at=datetime(2000, 1, 1, tzinfo=UTC)
    )
    get("escalation", "PolicyTarget").objects.bulk_create(
        get("escalation", "PolicyTarget")(
            version=version, kind=kind, priority=priority, minutes=minutes, calendar=calendar
        )
        for kind in KINDS
        for priority, minutes in WINDOWS.items()
    )
    get("escalation", "EscalationStep").objects.bulk_create(
        get("escalation", "EscalationStep")(policy=policy, percent=percent, tell=tell, reassign_to=reassign_to)
        for percent, tell, reassign_to in CHAIN
    )


class Migration(migrations.Migration):
    dependencies = [("escalation", "0001_initial")]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
