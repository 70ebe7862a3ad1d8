"""Directors and operators see the seals of the ledger."""

from django.db import migrations

READERS = ("Support director", "Operator")


def grant(apps, schema_editor):
    kind, _created = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="escalation", model="seal"
    )
    seen, _created = apps.get_model("auth", "Permission").objects.get_or_create(
        codename="view_seal", content_type=kind, defaults={"name": "Can view seal"}
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=READERS):
        group.permissions.add(seen)


class Migration(migrations.Migration):
    dependencies = [
        ("supportdesk", "0001_squashed_0014_readers_of_missing_mail"),
        ("escalation", "0031_ledger_hashes"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
