"""Whoever reads contracts reads their own windows; the director, who writes policies, writes them."""

from django.db import migrations

READERS = ("Account manager", "Team lead", "Duty manager")
GRANTS = {
    **dict.fromkeys(READERS, ("view",)),
    "Support director": ("view", "add", "change", "delete"),
}


def grant(apps, schema_editor):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    kind, _created = kinds.get_or_create(app_label="escalation", model="contractwindow")
    for name, actions in GRANTS.items():
        for group in apps.get_model("auth", "Group").objects.filter(name=name):
            for action in actions:
                permission, _created = permissions.get_or_create(
                    codename=f"{action}_contractwindow",
                    content_type=kind,
                    defaults={"name": f"Can {action} window of a contract"},
                )
                group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("supportdesk", "0003_calendars_without_intervals"),
        ("escalation", "0011_contract_windows"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
