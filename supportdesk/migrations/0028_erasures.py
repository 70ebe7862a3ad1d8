"""Erasures of personal data. Directors and operators may erase and export; auditors read what was erased."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

POWERS = {
    "erase_people": "Can erase the personal data of contacts and customers",
    "export_people": "Can export the personal data of contacts and customers",
    "view_erasure": "Can view erasure",
}
GROUPS = {"Support director": tuple(POWERS), "Operator": tuple(POWERS), "Auditor": ("view_erasure",)}


def grant(apps, schema_editor):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    kind, _created = kinds.get_or_create(app_label="supportdesk", model="erasure")
    permissions = apps.get_model("auth", "Permission").objects
    made = {
        codename: permissions.get_or_create(codename=codename, content_type=kind, defaults={"name": name})[0]
        for codename, name in POWERS.items()
    }
    for group in apps.get_model("auth", "Group").objects.filter(name__in=GROUPS):
        group.permissions.add(*(made[codename] for codename in GROUPS[group.name]))


class Migration(migrations.Migration):
    dependencies = [
        ("supportdesk", "0027_auditors"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("contact", "contact"), ("customer", "customer")], max_length=10, verbose_name="kind")),
                ("number", models.PositiveBigIntegerField(verbose_name="number")),
                ("requested_by", models.CharField(choices=[("person", "the person"), ("customer", "the customer"), ("authority", "an authority"), ("desk", "we ourselves")], max_length=10, verbose_name="asked for by")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("at", models.DateTimeField(verbose_name="time")),
                ("though_open", models.BooleanField(default=False, verbose_name="despite open tickets")),
                ("counts", models.JSONField(default=dict, verbose_name="erased")),
                ("traces", models.JSONField(default=dict, editable=False)),
                ("stage", models.CharField(editable=False, max_length=20)),
                ("after", models.CharField(default="", editable=False, max_length=100)),
                ("done_at", models.DateTimeField(editable=False, null=True, verbose_name="completed at")),
                ("actor", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="erased by")),
            ],
            options={
                "verbose_name": "erasure",
                "verbose_name_plural": "erasures",
                "ordering": ["-at"],
                "permissions": [("erase_people", "Can erase the personal data of contacts and customers"), ("export_people", "Can export the personal data of contacts and customers")],
                "default_permissions": ("view",),
                "constraints": [models.UniqueConstraint(fields=("kind", "number", "at"), name="erasure_once")],
            },
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
