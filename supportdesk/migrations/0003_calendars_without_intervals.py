"""The weekly intervals of calendars are rows no more: what may be done with them goes."""

from django.db import migrations


def forget(apps, schema_editor):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    kinds.filter(app_label="escalation", model="calendarinterval").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("supportdesk", "0002_lead_powers"),
        ("escalation", "0010_calendar_versions"),
    ]
    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
