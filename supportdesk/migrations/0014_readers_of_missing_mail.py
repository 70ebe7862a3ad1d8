"""Operators see what mail servers have and the desk has not."""

from django.db import migrations

READERS = ("Operator",)


def grant(apps, schema_editor):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    kind, _created = kinds.get_or_create(app_label="tickets", model="missingmail")
    permission, _created = apps.get_model("auth", "Permission").objects.get_or_create(
        codename="view_missingmail",
        content_type=kind,
        defaults={"name": "Can view missing email"},
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=READERS):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("supportdesk", "0013_editors_of_mail_rules"), ("tickets", "0032_missing_mail")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
