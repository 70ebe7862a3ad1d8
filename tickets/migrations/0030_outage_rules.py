"""Ships the rules that propose a P0 for an outage's words."""

from django.db import migrations

from tickets.migrations._outage_rules import ship


class Migration(migrations.Migration):
    dependencies = [("tickets", "0029_proposals")]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
