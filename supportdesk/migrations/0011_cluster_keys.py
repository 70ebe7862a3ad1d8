from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("supportdesk", "0010_one_time_passwords"),
    ]

    operations = [
        migrations.AddField(
            model_name="cluster",
            name="key_mark",
            field=models.CharField(default="", editable=False, max_length=12),
        ),
    ]
