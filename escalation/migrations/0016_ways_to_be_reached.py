"""People, rotas and customers have ways to be reached besides mail, and every attempt to reach them is a row."""

import django.db.models.deletion
import customers.encrypted_field
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0005_quiet_hours"),
        ("escalation", "0015_served_through"),
        ("tickets", "0005_merged_tickets"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ContactWay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "medium",
                    models.CharField(
                        choices=[
                            ("chat", "Chat message"),
                            ("sms", "SMS"),
                            ("voice", "Phone call"),
                            ("webhook", "Webhook"),
                        ],
                        default="chat",
                        max_length=10,
                        verbose_name="medium",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "address",
                    customers.encrypted_field.EncryptedTextField(max_length=4000, verbose_name="address"),
                ),
                (
                    "secret",
                    customers.encrypted_field.EncryptedTextField(
                        blank=True, max_length=400, null=True, verbose_name="signing secret"
                    ),
                ),
                ("shown", models.CharField(editable=False, max_length=300, verbose_name="address")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=1,
                        help_text="Of several of one kind the lowest is tried first.",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "way to be reached",
                "verbose_name_plural": "ways to be reached",
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="NotificationAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "medium",
                    models.CharField(
                        choices=[
                            ("mail", "E-mail"),
                            ("chat", "Chat message"),
                            ("sms", "SMS"),
                            ("voice", "Phone call"),
                            ("webhook", "Webhook"),
                        ],
                        max_length=10,
                        verbose_name="medium",
                    ),
                ),
                ("to", models.CharField(max_length=300, verbose_name="to")),
                ("at", models.DateTimeField(verbose_name="time")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("queued", "On its way"),
                            ("accepted", "Accepted"),
                            ("refused", "Refused"),
                            ("timed_out", "Timed out"),
                        ],
                        max_length=10,
                        verbose_name="outcome",
                    ),
                ),
                ("answer", models.TextField(blank=True, verbose_name="answer")),
                ("milliseconds", models.PositiveIntegerField(blank=True, null=True, verbose_name="took ms")),
            ],
            options={
                "verbose_name": "attempt",
                "verbose_name_plural": "attempts",
                "ordering": ["at", "pk"],
            },
        ),
        migrations.AddField(
            model_name="notification",
            name="customer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notifications",
                to="customers.customer",
                verbose_name="customer",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="rota",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notifications",
                to="escalation.dutyrota",
                verbose_name="duty rota",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("reminder", "A promise falls due"),
                    ("escalated_to_you", "Escalated to you"),
                    ("escalated_from_you", "Escalated away from you"),
                    ("escalated", "Escalated"),
                    ("new_ticket", "New ticket for you"),
                    ("paged", "P0 opened"),
                    ("customer_wrote", "The customer wrote"),
                    ("response_failed", "Your answer did not arrive"),
                    ("response_voided", "Your answer was voided"),
                    ("nobody_left", "Nobody is left to escalate to"),
                    ("unreached", "Somebody could not be reached"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="recipient",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notifications",
                to=settings.AUTH_USER_MODEL,
                verbose_name="recipient",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("sent_at__isnull", False)),
                fields=["recipient", "sent_at"],
                name="notification_sent_lately",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("customer", None), ("recipient__isnull", False), ("rota", None)),
                    models.Q(("customer", None), ("recipient", None), ("rota__isnull", False)),
                    models.Q(("customer__isnull", False), ("recipient", None), ("rota", None)),
                    _connector="OR",
                ),
                name="notification_to_one",
            ),
        ),
        migrations.AddField(
            model_name="contactway",
            name="customer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="contact_ways",
                to="customers.customer",
                verbose_name="customer",
            ),
        ),
        migrations.AddField(
            model_name="contactway",
            name="rota",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="contact_ways",
                to="escalation.dutyrota",
                verbose_name="duty rota",
            ),
        ),
        migrations.AddField(
            model_name="contactway",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="contact_ways",
                to=settings.AUTH_USER_MODEL,
                verbose_name="person",
            ),
        ),
        migrations.AddField(
            model_name="notificationattempt",
            name="mail",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="attempts_to_tell",
                to="tickets.outboundemail",
                verbose_name="mail",
            ),
        ),
        migrations.AddField(
            model_name="notificationattempt",
            name="notification",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="attempts",
                to="escalation.notification",
                verbose_name="notification",
            ),
        ),
        migrations.AddField(
            model_name="notificationattempt",
            name="way",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="escalation.contactway",
                verbose_name="way",
            ),
        ),
        migrations.AddConstraint(
            model_name="contactway",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("customer__isnull", True), ("rota__isnull", True), ("user__isnull", False)),
                    models.Q(("customer__isnull", True), ("rota__isnull", False), ("user__isnull", True)),
                    models.Q(("customer__isnull", False), ("rota__isnull", True), ("user__isnull", True)),
                    _connector="OR",
                ),
                name="contact_way_of_one_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="contactway",
            constraint=models.CheckConstraint(
                condition=models.Q(("medium", "mail"), _negated=True), name="contact_way_is_not_mail"
            ),
        ),
        migrations.AddIndex(
            model_name="notificationattempt",
            index=models.Index(
                condition=models.Q(("outcome", "queued")),
                fields=["mail"],
                name="attempt_of_a_mail_on_its_way",
            ),
        ),
    ]
