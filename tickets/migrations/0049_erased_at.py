"""An index on erased messages: words may go without a person, when they were kept for long enough."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0045_sender_turns")]
    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("erased_at__isnull", False)), fields=["erased_at"], name="message_erased_at"
            ),
        ),
    ]
