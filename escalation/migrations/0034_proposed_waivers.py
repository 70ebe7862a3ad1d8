"""A waiver that a lead has proposed and nobody has confirmed yet. Waivers of before stand as they were granted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CHANGES = [
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
    ("waiver_proposed", "Waiver proposed"),
    ("waiver_refused", "Waiver not granted"),
    ("merged", "Moved by a merge"),
    ("begun_earlier", "Begun earlier, by an older message"),
    ("step", "Escalation step"),
    ("acknowledged", "Acknowledged"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("escalation", "0033_records_until"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            "clock",
            "waiver_proposed_at",
            models.DateTimeField(blank=True, null=True, verbose_name="waiver proposed at"),
        ),
        migrations.AddField(
            "clock",
            "waiver_proposed_by",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="waiver proposed by",
            ),
        ),
        migrations.AlterField(
            "clockevent", "change", models.CharField(choices=CHANGES, max_length=20, verbose_name="change")
        ),
        migrations.AddIndex(
            "clock",
            models.Index(
                condition=models.Q(("waiver_proposed_by__isnull", False)),
                fields=["waiver_proposed_by"],
                name="clock_waiver_proposed_by",
            ),
        ),
    ]
