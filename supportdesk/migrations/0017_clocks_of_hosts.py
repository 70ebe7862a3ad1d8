from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("supportdesk", "0016_erasers_of_words"),
    ]

    operations = [
        migrations.AddField(
            model_name="cluster",
            name="clock_ahead",
            field=models.FloatField(editable=False, null=True),
        ),
    ]
