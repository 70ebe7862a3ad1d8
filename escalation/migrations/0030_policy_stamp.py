"""The mark by which a process knows that its copy of the policies is old."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def begin(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    stamps = apps.get_model("escalation", "PolicyStamp").objects.using(schema_editor.connection.alias)
    stamps.get_or_create(pk=1, defaults={"stamp": 0})


class Migration(migrations.Migration):
    dependencies = [("escalation", "0029_nothing_to_acknowledge")]
    operations = [
        migrations.CreateModel(
            name="PolicyStamp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stamp", models.BigIntegerField()),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
