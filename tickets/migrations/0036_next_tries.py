"""When a mail that failed by our fault is tried again. Mail that failed so before is tried again at once."""

import re

from django.db import migrations, models
from django.utils import timezone

# "OSError: [Errno 28] ..." is a fault of ours; what is wrong with a mail itself is a sentence without such a name.
OURS = re.compile(r"[A-Z]\w*: ")


def try_again(apps, schema_editor):
    mails = apps.get_model("tickets", "InboundEmail").objects
    failed = mails.filter(state="failed").values_list("pk", "error")
    ours = [key for key, error in failed if OURS.match(error)]
    for start in range(0, len(ours), 500):
        mails.filter(pk__in=ours[start : start + 500]).update(retry_at=timezone.now(), attempts=1)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0035_erased_words")]
    operations = [
        migrations.AddField(
            model_name="inboundemail",
            name="retry_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="next try"),
        ),
        migrations.AddIndex(
            model_name="inboundemail",
            index=models.Index(
                condition=models.Q(("retry_at__isnull", False)), fields=["retry_at"], name="inbound_to_retry"
            ),
        ),
        migrations.RunPython(try_again, migrations.RunPython.noop),
    ]
