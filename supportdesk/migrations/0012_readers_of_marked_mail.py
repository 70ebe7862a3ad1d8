"""Whoever works on tickets reads what was marked as automatic or as a person's, and may take it back."""

from django.db import migrations

READERS = ("Account manager", "Team lead", "Duty manager", "Support director")


def grant(apps, schema_editor):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    kind, _created = kinds.get_or_create(app_label="tickets", model="mailmark")
    permission, _created = apps.get_model("auth", "Permission").objects.get_or_create(
        codename="view_mailmark",
        content_type=kind,
        defaults={"name": "Can view remembered email"},
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=READERS):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("supportdesk", "0011_cluster_keys"), ("tickets", "0015_marked_mail")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
