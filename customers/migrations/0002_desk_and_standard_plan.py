"""The desk's single row, and the plan that serves whoever has no contract."""

from django.db import migrations


def ship(apps, schema_editor):
    apps.get_model("customers", "Desk").objects.get_or_create(pk=1)
    plans = apps.get_model("customers", "ServicePlan").objects
    if not plans.filter(is_default=True).exists():
        plans.get_or_create(code="standard", defaults={"name": "Standard", "is_default": True})


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
