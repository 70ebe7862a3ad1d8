"""What a weekly pack was judged by. The packs so far were judged by what was recorded when they were made.

The lines of the ledger lie in the order in which they were recorded, so an index of their blocks costs next to nothing
and finds those of a week. SQLite has none such and reads them through.
"""

from django.db import migrations, models
from django.db.models import F

INDEX = "clockevent_recorded"


def from_their_making(apps, schema_editor):
    packs = apps.get_model("escalation", "WeeklyExport").objects.using(schema_editor.connection.alias)
    packs.update(as_of=F("created_at"), checked_until=F("created_at"))


def index_blocks(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"CREATE INDEX IF NOT EXISTS {INDEX} ON escalation_clockevent USING brin (recorded_at)"
        )


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {INDEX}")


class Migration(migrations.Migration):
    dependencies = [("escalation", "0032_begun_earlier")]
    operations = [
        migrations.AddField("weeklyexport", "is_late", models.BooleanField(default=False, verbose_name="made late")),
        migrations.AddField("weeklyexport", "as_of", models.DateTimeField(null=True, verbose_name="records until")),
        migrations.AddField("weeklyexport", "checked_until", models.DateTimeField(editable=False, null=True)),
        migrations.RunPython(from_their_making, migrations.RunPython.noop),
        migrations.AlterField("weeklyexport", "as_of", models.DateTimeField(verbose_name="records until")),
        migrations.AlterField("weeklyexport", "checked_until", models.DateTimeField(editable=False)),
        migrations.RunPython(index_blocks, drop_index),
    ]
