"""The words of contacts, for the search. Those of contacts that are there already are written by the desk's queue."""

import django.db.models.deletion
from django.db import migrations, models

import customers.search.column


def create_index(apps, schema_editor):
    model = apps.get_model("customers", "ContactTokens")
    customers.search.column.create_indexes(model, using=schema_editor.connection.alias)


def drop_indexes(apps, schema_editor):
    model = apps.get_model("customers", "ContactTokens")
    customers.search.column.drop_indexes(model, using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("customers", "0011_people_who_left")]
    operations = [
        migrations.CreateModel(
            name="ContactTokens",
            fields=[
                (
                    "contact",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="tokens",
                        serialize=False,
                        to="customers.contact",
                    ),
                ),
                ("tokens", customers.search.column.TokensField()),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunPython(create_index, drop_indexes),
    ]
