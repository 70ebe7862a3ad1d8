"""A line for promises that begin earlier, as an older message was read later. The column stays as it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("escalation", "0031_ledger_hashes")]
    operations = [
        migrations.AlterField(
            model_name="clockevent",
            name="change",
            field=models.CharField(
                choices=[
                    ("started", "Started"),
                    ("met", "Met"),
                    ("breached", "Breached"),
                    ("answered_late", "Done after the breach"),
                    ("revoked", "Reply revoked, running again from its start"),
                    ("retargeted", "Due time changed"),
                    ("handed_over", "Owner changed"),
                    ("cancelled", "Cancelled"),
                    ("paused", "Paused"),
                    ("resumed", "Resumed"),
                    ("waived", "Waived"),
                    ("merged", "Moved by a merge"),
                    ("begun_earlier", "Begun earlier, by an older message"),
                    ("step", "Escalation step"),
                    ("acknowledged", "Acknowledged"),
                ],
                max_length=20,
                verbose_name="change",
            ),
        ),
    ]
