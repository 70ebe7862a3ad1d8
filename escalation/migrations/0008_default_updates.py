"""Ships the promise of updates: while a P0 is open the customer hears from us every hour."""

from django.db import migrations

EVERY_MINUTES = 60


def ship(apps, schema_editor):
    get = apps.get_model
    first = get("escalation", "PolicyVersion").objects.filter(policy__is_default=True, number=1).first()
    if first is None:
        return
    calendar = get("escalation", "Calendar").objects.filter(always_open=True).order_by("pk").first()
    get("escalation", "PolicyTarget").objects.get_or_create(
        version=first, kind="update", priority=0, defaults={"minutes": EVERY_MINUTES, "calendar": calendar}
    )


class Migration(migrations.Migration):
    dependencies = [("escalation", "0007_updates_resolution_waivers")]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
