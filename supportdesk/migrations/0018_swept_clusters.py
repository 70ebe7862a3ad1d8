from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("supportdesk", "0017_clocks_of_hosts"),
    ]

    operations = [
        migrations.AddField(
            model_name="cluster",
            name="swept_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last sweep"),
        ),
    ]
