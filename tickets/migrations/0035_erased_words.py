"""Why words were erased, the permission to erase them, and the files that are to go from the storage."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0034_words_digest")]
    operations = [
        migrations.CreateModel(
            name="ErasedFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("path", models.CharField(max_length=200, unique=True)),
                ("erased_at", models.DateTimeField(verbose_name="words erased at")),
            ],
            options={
                "verbose_name": "file to remove",
                "verbose_name_plural": "files to remove",
                "ordering": ["pk"],
                "default_permissions": (),
            },
        ),
        migrations.AlterModelOptions(
            name="message",
            options={
                "ordering": ["at", "pk"],
                "permissions": [
                    ("void_response", "Can void an answer that answered nothing"),
                    ("erase_words", "Can erase the words of a message for good"),
                ],
                "verbose_name": "message",
                "verbose_name_plural": "messages",
            },
        ),
        migrations.AddField(
            model_name="message",
            name="erase_reason",
            field=models.TextField(
                blank=True, db_default="", default="", editable=False, verbose_name="reason for erasing"
            ),
        ),
        migrations.AlterField(
            model_name="timelineentry",
            name="fact",
            field=models.CharField(
                choices=[
                    ("opened", "Created"),
                    ("imported", "Imported from before the mailbox began"),
                    ("owner", "Owner changed"),
                    ("customer", "Customer named"),
                    ("status", "Status changed"),
                    ("priority", "Priority changed"),
                    ("customer_wrote", "The customer wrote"),
                    ("staff_responded", "Replied"),
                    ("noted", "Note added"),
                    ("rules", "Rules applied"),
                    ("proposed", "Priority proposed"),
                    ("confirmed", "Proposed priority confirmed"),
                    ("rejected", "Proposed priority rejected"),
                    ("acknowledged", "Acknowledgement sent"),
                    ("response_failed", "A reply was not delivered"),
                    ("response_voided", "A reply was voided"),
                    ("automatic", "Automatic email received"),
                    ("sender_accepted", "Sender accepted"),
                    ("by_a_person", "Marked as written by a person"),
                    ("by_a_machine", "Marked as automatic"),
                    ("promise", "SLA"),
                    ("escalated", "Escalated"),
                    ("taken", "Acknowledged"),
                    ("merged", "Merged"),
                    ("tags", "Tags changed"),
                    ("words_erased", "Words of a message erased"),
                ],
                max_length=20,
                verbose_name="event",
            ),
        ),
    ]
