"""The words of mails, for the search. The desk's queue writes them."""

import django.db.models.deletion
from django.db import migrations, models

import customers.search.column

MODELS = {"InboundTokens": "tickets.inboundemail", "OutboundTokens": "tickets.outboundemail"}


def create_indexes(apps, schema_editor):
    for name in MODELS:
        model = apps.get_model("tickets", name)
        customers.search.column.create_indexes(model, using=schema_editor.connection.alias)


def drop_indexes(apps, schema_editor):
    for name in MODELS:
        model = apps.get_model("tickets", name)
        customers.search.column.drop_indexes(model, using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0037_search")]
    operations = [
        *(
            migrations.CreateModel(
                name=name,
                fields=[
                    (
                        "mail",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.CASCADE,
                            primary_key=True,
                            related_name="tokens",
                            serialize=False,
                            to=mail,
                        ),
                    ),
                    ("tokens", customers.search.column.TokensField()),
                ],
                options={"default_permissions": ()},
            )
            for name, mail in MODELS.items()
        ),
        migrations.RunPython(create_indexes, drop_indexes),
    ]
