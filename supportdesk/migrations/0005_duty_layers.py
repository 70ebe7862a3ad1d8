"""Everybody on the staff sees who is on duty; leads and those above them write rotas, layers and overrides."""

from django.db import migrations

MODELS = {
    "dutyrota": "duty rota",
    "dutyshift": "shift",
    "dutylayer": "layer",
    "dutyturn": "turn",
    "dutyoverride": "override",
    "dutyswap": "swap",
    "dutyhandover": "hand-over",
}
READERS = ("Account manager", "Team lead", "Duty manager", "Support director", "Operator")
WRITERS = ("Team lead", "Duty manager", "Support director")
WRITE = {
    "dutyrota": ("add", "change"),
    "dutylayer": ("add", "change", "delete"),
    "dutyturn": ("add", "change", "delete"),
    "dutyoverride": ("add", "change"),
}


def grant(apps, schema_editor):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    for model, name in MODELS.items():
        kind, _created = kinds.get_or_create(app_label="escalation", model=model)
        allow(apps, kind, name, ["view"], READERS)
        allow(apps, kind, name, WRITE.get(model, ()), WRITERS)


def allow(apps, kind, name, actions, groups):
    for action in actions:
        permission, _created = apps.get_model("auth", "Permission").objects.get_or_create(
            codename=f"{action}_{kind.model}",
            content_type=kind,
            defaults={"name": f"Can {action} {name}"},
        )
        for group in apps.get_model("auth", "Group").objects.filter(name__in=groups):
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("supportdesk", "0004_contract_windows"),
        ("escalation", "0013_duty_layers"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
