"""An index for what is delivered first: mails to customers, then the others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0007_taken"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="outboundemail",
            index=models.Index(
                condition=models.Q(("state__in", ("queued", "sending", "deferred"))),
                fields=["purpose", "next_try_at"],
                name="outbound_due_by_purpose",
            ),
        ),
    ]
