"""What a group was sent in the last minute is found without everything that it was ever sent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("escalation", "0023_lean_indexes"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="notification", name="notification_rota"),
        migrations.RemoveIndex(model_name="notification", name="notification_customer"),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("rota__isnull", False)),
                fields=["rota", "sent_at"],
                name="notification_rota",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("customer__isnull", False)),
                fields=["customer", "sent_at"],
                name="notification_customer",
            ),
        ),
    ]
