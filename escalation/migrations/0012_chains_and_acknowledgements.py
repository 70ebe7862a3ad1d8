import django.db.models.deletion
import django.utils.timezone
import escalation.models.policy
from django.conf import settings
from django.db import migrations, models


def mark_what_was_sent(apps, schema_editor):
    """Until now a notification was sent in the moment it was written."""
    apps.get_model("escalation", "Notification").objects.update(state="sent")


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0004_contracts_share_no_day"),
        ("escalation", "0011_contract_windows"),
        ("tickets", "0005_merged_tickets"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="time")),
                ("until", models.DateTimeField(verbose_name="quiet until")),
                (
                    "by",
                    models.CharField(
                        choices=[
                            ("page", "on the ticket page"),
                            ("board", "on the board"),
                            ("link", "by the link of a notification"),
                            ("take_over", "by taking the ticket over"),
                        ],
                        max_length=10,
                        verbose_name="how",
                    ),
                ),
            ],
            options={
                "verbose_name": "acknowledgement",
                "verbose_name_plural": "acknowledgements",
                "ordering": ["at"],
            },
        ),
        migrations.AlterModelOptions(
            name="escalationstep",
            options={
                "ordering": ["policy", "percent", "minutes_from_due", "pk"],
                "verbose_name": "escalation step",
                "verbose_name_plural": "escalation steps",
            },
        ),
        migrations.RemoveConstraint(
            model_name="escalation",
            name="step_fires_once_on_a_clock",
        ),
        migrations.RemoveConstraint(
            model_name="escalationstep",
            name="escalation_step_once",
        ),
        migrations.RemoveConstraint(
            model_name="escalationstep",
            name="escalation_step_positive",
        ),
        migrations.AddField(
            model_name="clock",
            name="held_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="acknowledged until"),
        ),
        migrations.AddField(
            model_name="clock",
            name="stranded_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="nobody left since"),
        ),
        migrations.AddField(
            model_name="escalation",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="escalated by",
            ),
        ),
        migrations.AddField(
            model_name="escalation",
            name="reason",
            field=models.CharField(blank=True, max_length=300, verbose_name="reason"),
        ),
        migrations.AddField(
            model_name="escalation",
            name="round",
            field=models.PositiveIntegerField(default=0, verbose_name="repeat"),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="ack_minutes",
            field=models.PositiveIntegerField(
                default=15, verbose_name="time-out of an acknowledgement in minutes"
            ),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="ack_required",
            field=models.BooleanField(default=False, verbose_name="acknowledgement required"),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="channels",
            field=models.JSONField(default=escalation.models.policy.mail_only, verbose_name="channels"),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="contract",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="steps",
                to="customers.contract",
                verbose_name="contract",
            ),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="created_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, editable=False, verbose_name="in force since"
            ),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="highest_priority",
            field=models.SmallIntegerField(
                choices=[(0, "P0 Urgent"), (1, "P1 High"), (2, "P2 Medium"), (3, "P3 Low")],
                default=0,
                verbose_name="from priority",
            ),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="lowest_priority",
            field=models.SmallIntegerField(
                choices=[(0, "P0 Urgent"), (1, "P1 High"), (2, "P2 Medium"), (3, "P3 Low")],
                default=3,
                verbose_name="to priority",
            ),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="minutes_from_due",
            field=models.IntegerField(blank=True, null=True, verbose_name="minutes from the due time"),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="person",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="named person",
            ),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="repeat_cap",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="repeats at most"),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="repeat_minutes",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="repeat after minutes"),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="retired_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="in force until"),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="rota",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="escalation.dutyrota",
                verbose_name="duty rota",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="channels",
            field=models.JSONField(default=escalation.models.policy.mail_only, verbose_name="channels"),
        ),
        migrations.AddField(
            model_name="notification",
            name="detail",
            field=models.TextField(blank=True, verbose_name="detail"),
        ),
        migrations.AddField(
            model_name="notification",
            name="is_urgent",
            field=models.BooleanField(default=False, verbose_name="urgent"),
        ),
        migrations.AddField(
            model_name="notification",
            name="next_try_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="next try"),
        ),
        migrations.AddField(
            model_name="notification",
            name="other",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="the person it names",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="sent_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="sent at"),
        ),
        migrations.AddField(
            model_name="notification",
            name="state",
            field=models.CharField(
                choices=[("pending", "To be sent"), ("sent", "Sent"), ("failed", "Could not be sent")],
                default="pending",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AlterField(
            model_name="clockevent",
            name="change",
            field=models.CharField(
                choices=[
                    ("started", "Started"),
                    ("met", "Met"),
                    ("breached", "Breached"),
                    ("answered_late", "Done after the breach"),
                    ("revoked", "Answer revoked, running again from its start"),
                    ("retargeted", "Due time changed"),
                    ("handed_over", "Holder changed"),
                    ("cancelled", "Cancelled"),
                    ("paused", "Paused"),
                    ("resumed", "Resumed"),
                    ("waived", "Waived"),
                    ("merged", "Moved by a merge"),
                    ("step", "Escalation step"),
                    ("acknowledged", "Acknowledged"),
                ],
                max_length=20,
                verbose_name="change",
            ),
        ),
        migrations.AlterField(
            model_name="escalation",
            name="step",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="escalation.escalationstep",
                verbose_name="step",
            ),
        ),
        migrations.AlterField(
            model_name="escalationstep",
            name="percent",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="percent of the window"),
        ),
        migrations.AlterField(
            model_name="escalationstep",
            name="policy",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="steps",
                to="escalation.policy",
                verbose_name="policy",
            ),
        ),
        migrations.AlterField(
            model_name="escalationstep",
            name="reassign_to",
            field=models.CharField(
                blank=True,
                choices=[
                    ("manager", "the holder's manager"),
                    ("managers_manager", "the manager of the holder's manager"),
                    ("duty_person", "the person on duty"),
                    ("duty_manager", "the duty manager"),
                    ("account_manager", "the account manager"),
                    ("backup", "the backup account manager"),
                    ("person", "a named person"),
                ],
                max_length=20,
                verbose_name="reassign to",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="mail",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="notifications",
                to="tickets.outboundemail",
                verbose_name="mail",
            ),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("stopped_at", None), ("stranded_at__isnull", False)),
                fields=["stranded_at"],
                name="clock_stranded",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("state", "pending")), fields=["next_try_at"], name="notification_to_send"
            ),
        ),
        migrations.AddConstraint(
            model_name="escalation",
            constraint=models.UniqueConstraint(
                fields=("clock", "step", "round"), name="step_fires_once_on_a_clock"
            ),
        ),
        migrations.AddConstraint(
            model_name="escalationstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("contract__isnull", False), ("policy", None)),
                    models.Q(("contract", None), ("policy__isnull", False)),
                    _connector="OR",
                ),
                name="escalation_step_of_one_chain",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalationstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("minutes_from_due__isnull", False), ("percent", None)),
                    models.Q(("minutes_from_due", None), ("percent__isnull", False)),
                    _connector="OR",
                ),
                name="escalation_step_at_one_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalationstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("highest_priority__lte", models.F("lowest_priority"))),
                name="escalation_step_priorities",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalationstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("ack_minutes__gte", 1)), name="escalation_step_time_out"
            ),
        ),
        migrations.AddConstraint(
            model_name="escalationstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("repeat_minutes", None), ("repeat_minutes__gte", 1), _connector="OR"),
                name="escalation_step_repeat",
            ),
        ),
        migrations.AddField(
            model_name="acknowledgement",
            name="clock",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="acknowledgements",
                to="escalation.clock",
                verbose_name="promise",
            ),
        ),
        migrations.AddField(
            model_name="acknowledgement",
            name="escalation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="acknowledgements",
                to="escalation.escalation",
                verbose_name="escalation",
            ),
        ),
        migrations.AddField(
            model_name="acknowledgement",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="person",
            ),
        ),
        migrations.AddConstraint(
            model_name="acknowledgement",
            constraint=models.UniqueConstraint(
                fields=("escalation", "user"), name="acknowledged_once_by_a_person"
            ),
        ),
        migrations.RunPython(mark_what_was_sent, migrations.RunPython.noop),
    ]
