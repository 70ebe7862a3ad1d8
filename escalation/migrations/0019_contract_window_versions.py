"""Windows of contracts are retired instead of edited, and a clock names the one it stands under."""

from datetime import UTC, datetime, time, timedelta

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

EARLY = datetime(2000, 1, 1, tzinfo=UTC)


def date_the_windows(apps, schema_editor):
    """Whatever their contract's zone, they were in force from its first day on; running promises name them."""
    clocks = apps.get_model("escalation", "Clock").objects
    for window in apps.get_model("escalation", "ContractWindow").objects.select_related("contract"):
        window.created_at = datetime.combine(window.contract.starts_on, time(), UTC) - timedelta(days=1)
        window.save(update_fields=["created_at"])
        under = clocks.filter(contract=window.contract_id, kind=window.kind, priority=window.priority)
        under.filter(minutes=window.minutes, calendar=window.calendar_id).update(contract_window=window)


def count_the_pauses_before_raises(apps, schema_editor):
    for clock in apps.get_model("escalation", "Clock").objects.filter(raised_at__isnull=False, paused_seconds__gt=0):
        before = clock.events.filter(change="resumed", recorded_at__lte=clock.raised_at)
        clock.paused_before_raise = sum(event.data["seconds"] for event in before)
        clock.save(update_fields=["paused_before_raise"])


class Migration(migrations.Migration):
    dependencies = [
        ("escalation", "0018_default_chain"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="contractwindow",
            options={
                "ordering": ["kind", "priority", "created_at", "pk"],
                "verbose_name": "window of a contract",
                "verbose_name_plural": "windows of a contract",
            },
        ),
        migrations.AddField(
            model_name="contractwindow",
            name="created_at",
            field=models.DateTimeField(default=EARLY, verbose_name="in force since"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="contractwindow",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="changed by",
            ),
        ),
        migrations.AddField(
            model_name="contractwindow",
            name="retired_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="in force until"),
        ),
        migrations.RemoveConstraint(model_name="contractwindow", name="contract_window_once"),
        migrations.AddConstraint(
            model_name="contractwindow",
            constraint=models.UniqueConstraint(
                condition=Q(retired_at=None),
                fields=["contract", "kind", "priority"],
                name="contract_window_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="contractwindow",
            constraint=models.CheckConstraint(
                condition=Q(retired_at=None) | Q(retired_at__gte=F("created_at")),
                name="contract_window_retired_after_its_start",
            ),
        ),
        migrations.AddField(
            model_name="clock",
            name="contract_window",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="escalation.contractwindow",
                verbose_name="window of the contract",
            ),
        ),
        migrations.AddField(
            model_name="clock",
            name="paused_before_raise",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.RunPython(date_the_windows, migrations.RunPython.noop),
        migrations.RunPython(count_the_pauses_before_raises, migrations.RunPython.noop),
    ]
