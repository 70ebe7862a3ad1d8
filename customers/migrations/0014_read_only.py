"""People who may read everything and change nothing."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0012_search")]
    operations = [
        migrations.AlterModelOptions(
            name="customer",
            options={
                "ordering": ["name"],
                "permissions": [
                    ("view_all_customers", "Can see every customer and ticket"),
                    ("read_only", "Can change nothing"),
                ],
                "verbose_name": "customer",
                "verbose_name_plural": "customers",
            },
        ),
    ]
