"""Whoever reads policies reads what happens while nobody answers; the director goes on writing it."""

from django.db import migrations

READERS = ("Account manager", "Team lead", "Duty manager", "Operator")


def grant(apps, schema_editor):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    kind, _created = kinds.get_or_create(app_label="escalation", model="escalationstep")
    permission, _created = apps.get_model("auth", "Permission").objects.get_or_create(
        codename="view_escalationstep",
        content_type=kind,
        defaults={"name": "Can view escalation step"},
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=READERS):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("supportdesk", "0006_clusters"), ("escalation", "0015_served_through")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
