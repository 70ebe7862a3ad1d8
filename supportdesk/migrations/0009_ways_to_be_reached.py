"""Everybody on the staff writes the ways they are reached by, and reads what was tried to reach whom."""

from django.db import migrations

STAFF = ("Account manager", "Team lead", "Duty manager", "Support director", "Operator")
ALLOWED = {
    ("contactway", "way to be reached"): ("view", "add", "change", "delete"),
    ("notificationattempt", "attempt"): ("view",),
}


def grant(apps, schema_editor):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    for (model, name), actions in ALLOWED.items():
        kind, _created = kinds.get_or_create(app_label="escalation", model=model)
        for action in actions:
            permission, _created = apps.get_model("auth", "Permission").objects.get_or_create(
                codename=f"{action}_{model}",
                content_type=kind,
                defaults={"name": f"Can {action} {name}"},
            )
            for group in apps.get_model("auth", "Group").objects.filter(name__in=STAFF):
                group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("supportdesk", "0008_absences_and_drills"), ("escalation", "0016_ways_to_be_reached")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
