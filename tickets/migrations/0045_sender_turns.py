"""Whose turn a stored mail waits for. Empty for mails that an earlier release stored: they wait for nobody's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0043_raw_mails")]
    operations = [
        migrations.AddField("inboundemail", "turn", models.IntegerField(editable=False, null=True)),
    ]
