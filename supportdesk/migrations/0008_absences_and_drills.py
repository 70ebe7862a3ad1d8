"""Whoever works on tickets sees what absences moved; leads read the reports of fire drills, managers start them."""

from django.db import migrations

AT_WORK = ("Account manager", "Team lead", "Duty manager", "Support director")
LEADS = AT_WORK[1:]
MANAGERS = AT_WORK[2:]
GRANTS = {
    ("absencemove", "view_absencemove", "Can view ticket moved by an absence"): AT_WORK,
    ("drill", "view_drill", "Can view fire drill"): LEADS,
    ("drill", "start_drill", "Can start and end a fire drill"): MANAGERS,
}


def grant(apps, schema_editor):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    for (model, codename, name), groups in GRANTS.items():
        kind, _created = kinds.get_or_create(app_label="escalation", model=model)
        permission, _created = permissions.get_or_create(
            codename=codename, content_type=kind, defaults={"name": name}
        )
        for group in apps.get_model("auth", "Group").objects.filter(name__in=groups):
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("supportdesk", "0007_readers_of_chains"),
        ("escalation", "0017_absences_and_drills"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
