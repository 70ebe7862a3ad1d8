"""The words of messages, for the search. Those of tickets that are there already are written by the desk's queue."""

import django.db.models.deletion
from django.db import migrations, models

import customers.search.column


def create_index(apps, schema_editor):
    model = apps.get_model("tickets", "MessageTokens")
    customers.search.column.create_indexes(model, using=schema_editor.connection.alias)


def drop_indexes(apps, schema_editor):
    model = apps.get_model("tickets", "MessageTokens")
    customers.search.column.drop_indexes(model, using=schema_editor.connection.alias)


def remember_backlog(apps, schema_editor):
    backlog = apps.get_model("tickets", "SearchBacklog")
    for source, model in (("tickets", ("tickets", "Ticket")), ("contacts", ("customers", "Contact"))):
        if apps.get_model(*model)._base_manager.exists():
            backlog.objects.create(source=source)


class Migration(migrations.Migration):
    dependencies = [("customers", "0012_search"), ("tickets", "0036_next_tries")]
    operations = [
        migrations.CreateModel(
            name="MessageTokens",
            fields=[
                (
                    "message",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="tokens",
                        serialize=False,
                        to="tickets.message",
                    ),
                ),
                ("tokens", customers.search.column.TokensField()),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="message_tokens",
                        to="tickets.ticket",
                    ),
                ),
            ],
            options={"default_permissions": ()},
        ),
        migrations.CreateModel(
            name="SearchBacklog",
            fields=[
                ("source", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("below", models.BigIntegerField(null=True)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunPython(create_index, drop_indexes),
        migrations.RunPython(remember_backlog, migrations.RunPython.noop),
    ]
