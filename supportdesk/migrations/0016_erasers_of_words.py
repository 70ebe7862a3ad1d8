"""Directors and operators may erase the words of a message."""

from django.db import migrations

ERASERS = ("Support director", "Operator")


def grant(apps, schema_editor):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    kind, _created = kinds.get_or_create(app_label="tickets", model="message")
    permission, _created = apps.get_model("auth", "Permission").objects.get_or_create(
        codename="erase_words",
        content_type=kind,
        defaults={"name": "Can erase the words of a message for good"},
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=ERASERS):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("supportdesk", "0015_readers_of_seals"),
        ("tickets", "0035_erased_words"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
