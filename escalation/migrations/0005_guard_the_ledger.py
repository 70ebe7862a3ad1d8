"""Makes the ledger append-only in the database itself."""

from django.db import migrations

from escalation.clocks.ledger_guard import guard, unguard


class Migration(migrations.Migration):
    dependencies = [("escalation", "0004_raised_clock")]
    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: guard(schema_editor), lambda apps, schema_editor: unguard(schema_editor)
        )
    ]
