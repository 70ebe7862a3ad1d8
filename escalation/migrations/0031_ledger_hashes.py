"""Hashes of the ledger's lines, and the seals over them. Old lines stay as they are: the first seals cover them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("escalation", "0030_policy_stamp"), ("tickets", "0034_words_digest")]
    operations = [
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("number", models.PositiveIntegerField(primary_key=True, serialize=False, verbose_name="number")),
                ("sealed_at", models.DateTimeField(verbose_name="sealed at")),
                ("lines", models.PositiveIntegerField(verbose_name="lines")),
                ("root", models.BinaryField(max_length=32, verbose_name="root of the tree")),
                ("previous", models.BinaryField(max_length=32)),
                ("hash", models.BinaryField(max_length=32, verbose_name="SHA-256")),
                ("unlinked_until", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "seal",
                "verbose_name_plural": "seals",
                "ordering": ["-number"],
                "default_permissions": ("view",),
            },
        ),
        migrations.AddField(
            model_name="clockevent", name="hash", field=models.BinaryField(max_length=32, null=True)
        ),
        migrations.AddField(
            model_name="clockevent", name="words", field=models.BinaryField(max_length=32, null=True)
        ),
        migrations.CreateModel(
            name="SealedLine",
            fields=[
                ("line", models.BigIntegerField(primary_key=True, serialize=False)),
                ("clock", models.BigIntegerField()),
                (
                    "seal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="covered",
                        to="escalation.seal",
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("leaf", models.BinaryField(max_length=32)),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("seal", "position"), name="sealed_line_once")],
            },
        ),
    ]
