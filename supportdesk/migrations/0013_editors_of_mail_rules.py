"""Leads and directors write email rules; whoever works on tickets reads why a rule applied."""

from django.db import migrations

READERS = ("Account manager", "Operator")
EDITORS = ("Team lead", "Duty manager", "Support director")


def grant(apps, schema_editor):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    kind, _created = kinds.get_or_create(app_label="tickets", model="rule")
    made = {
        action: apps.get_model("auth", "Permission").objects.get_or_create(
            codename=f"{action}_rule", content_type=kind, defaults={"name": f"Can {action} email rule"}
        )[0]
        for action in ("view", "add", "change")
    }
    for group in apps.get_model("auth", "Group").objects.filter(name__in=(*READERS, *EDITORS)):
        group.permissions.add(*(made.values() if group.name in EDITORS else [made["view"]]))


class Migration(migrations.Migration):
    dependencies = [("supportdesk", "0012_readers_of_marked_mail"), ("tickets", "0028_rules")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
