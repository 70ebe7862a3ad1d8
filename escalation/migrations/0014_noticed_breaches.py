"""An index for the lag of enforcement: breaches by the time they were noticed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("escalation", "0013_duty_layers")]
    operations = [
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("detected_at__isnull", False)), fields=["detected_at"], name="clock_noticed"
            ),
        ),
    ]
