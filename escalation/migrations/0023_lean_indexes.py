"""References that most rows leave empty, or that another index begins with, cost less to write."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from escalation.clocks.ledger_guard import guard, unguard


def unguarded(apps, schema_editor):
    unguard(schema_editor)


def guarded(apps, schema_editor):
    guard(schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0006_noticed_absences"),
        ("escalation", "0022_steps_from_the_beginning"),
        ("tickets", "0008_answers_first"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # SQLite rebuilds the ledger's table, which takes its triggers along.
        migrations.RunPython(unguarded, guarded),
        migrations.AlterField(
            model_name="clock",
            name="answered_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="answered_clocks",
                to="tickets.message",
                verbose_name="answered by",
            ),
        ),
        migrations.AlterField(
            model_name="clock",
            name="contract",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.contract",
                verbose_name="contract",
            ),
        ),
        migrations.AlterField(
            model_name="clock",
            name="waived_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="waived by",
            ),
        ),
        migrations.AlterField(
            model_name="clockevent",
            name="actor",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="actor",
            ),
        ),
        migrations.AlterField(
            model_name="clockevent",
            name="message",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tickets.message",
                verbose_name="message",
            ),
        ),
        migrations.AlterField(
            model_name="escalation",
            name="by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="escalated by",
            ),
        ),
        migrations.AlterField(
            model_name="escalation",
            name="clock",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="escalations",
                to="escalation.clock",
                verbose_name="promise",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="customer",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notifications",
                to="customers.customer",
                verbose_name="customer",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="mail",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="notifications",
                to="tickets.outboundemail",
                verbose_name="mail",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="recipient",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notifications",
                to=settings.AUTH_USER_MODEL,
                verbose_name="recipient",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="rota",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notifications",
                to="escalation.dutyrota",
                verbose_name="duty rota",
            ),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("contract__isnull", False)), fields=["contract"], name="clock_contract"
            ),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("waived_by__isnull", False)), fields=["waived_by"], name="clock_waived_by"
            ),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("answered_by__isnull", False)),
                fields=["answered_by"],
                name="clock_answered_by",
            ),
        ),
        migrations.AddIndex(
            model_name="clockevent",
            index=models.Index(
                condition=models.Q(("actor__isnull", False)), fields=["actor"], name="clockevent_actor"
            ),
        ),
        migrations.AddIndex(
            model_name="clockevent",
            index=models.Index(
                condition=models.Q(("message__isnull", False)), fields=["message"], name="clockevent_message"
            ),
        ),
        migrations.AddIndex(
            model_name="escalation",
            index=models.Index(
                condition=models.Q(("by__isnull", False)), fields=["by"], name="escalation_by"
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("rota__isnull", False)), fields=["rota"], name="notification_rota"
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("customer__isnull", False)),
                fields=["customer"],
                name="notification_customer",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("mail__isnull", False)), fields=["mail"], name="notification_mail"
            ),
        ),
        migrations.RunPython(guarded, unguarded),
    ]
