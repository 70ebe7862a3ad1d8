"""The clusters of the queue; who runs the desk or answers for it may see how it works."""

from django.db import migrations, models

READERS = ("Support director", "Operator")


def grant(apps, schema_editor):
    kind, _created = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="supportdesk", model="cluster"
    )
    permission, _created = apps.get_model("auth", "Permission").objects.get_or_create(
        codename="view_cluster", content_type=kind, defaults={"name": "Can view queue cluster"}
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=READERS):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("supportdesk", "0005_duty_layers")]
    operations = [
        migrations.CreateModel(
            name="Cluster",
            fields=[
                (
                    "name",
                    models.CharField(max_length=90, primary_key=True, serialize=False, verbose_name="name"),
                ),
                ("host", models.CharField(max_length=64, verbose_name="host")),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("seen_at", models.DateTimeField(verbose_name="last seen")),
                ("worked_at", models.DateTimeField(blank=True, null=True, verbose_name="last task done")),
                ("workers", models.PositiveSmallIntegerField(default=0, verbose_name="workers")),
                ("busy", models.PositiveSmallIntegerField(default=0, verbose_name="busy workers")),
            ],
            options={
                "verbose_name": "queue cluster",
                "verbose_name_plural": "queue clusters",
                "ordering": ["host", "name"],
            },
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
