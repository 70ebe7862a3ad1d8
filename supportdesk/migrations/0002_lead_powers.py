"""Leads may end an unanswered promise and void an answer, both with a reason."""

from django.db import migrations

POWERS = {
    ("escalation", "clock", "waive_clock"): "Can end an unanswered promise with a reason",
    ("tickets", "message", "void_response"): "Can void an answer that answered nothing",
}
LEADS = ("Team lead", "Duty manager", "Support director")


def grant(apps, schema_editor):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    for (app_label, model, codename), name in POWERS.items():
        kind, _created = kinds.get_or_create(app_label=app_label, model=model)
        permission, _created = permissions.get_or_create(
            codename=codename, content_type=kind, defaults={"name": name}
        )
        for group in apps.get_model("auth", "Group").objects.filter(name__in=LEADS):
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("supportdesk", "0001_groups"),
        ("escalation", "0003_waive_permission"),
        ("tickets", "0004_voided_answers"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
