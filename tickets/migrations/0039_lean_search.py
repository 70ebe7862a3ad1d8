"""Words of messages without an index of their tickets, which the planner took instead of that of the words.

SQLite rebuilds the table; its triggers come back after each `migrate`.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0038_search_of_mails")]
    operations = [
        migrations.AlterField(
            model_name="messagetokens",
            name="ticket",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="message_tokens",
                to="tickets.ticket",
            ),
        ),
    ]
