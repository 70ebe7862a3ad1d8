"""Salts for the digests of messages, and who erased their words. Rows of old messages are not rewritten."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tickets.words_digest import new_salt


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0033_tags"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            model_name="message",
            name="salt",
            field=models.BinaryField(editable=False, max_length=16, null=True),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="message",
                    name="salt",
                    field=models.BinaryField(
                        default=new_salt, editable=False, max_length=16, null=True
                    ),
                )
            ]
        ),
        migrations.AddField(
            model_name="message",
            name="erased_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="words erased at"),
        ),
        migrations.AddField(
            model_name="message",
            name="erased_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="words erased by",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("erased_by__isnull", False)), fields=["erased_by"], name="message_erased_by"
            ),
        ),
    ]
