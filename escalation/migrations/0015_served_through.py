"""What a tier is served through becomes part of a policy's version; steps say who changed them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TIERS = {
    "0": ["phone", "group"],
    "1": ["email", "group", "account_manager"],
    "2": ["email", "chat"],
    "3": ["chat", "account_manager"],
}


def ship(apps, schema_editor):
    """The tier table, in the version that new promises of the default policy get."""
    versions = apps.get_model("escalation", "PolicyVersion").objects.filter(policy__is_default=True)
    newest = versions.order_by("-number").first()
    if newest is not None:
        newest.channels = TIERS
        newest.save(update_fields=["channels"])


class Migration(migrations.Migration):
    dependencies = [
        ("escalation", "0014_noticed_breaches"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            model_name="policyversion",
            name="channels",
            field=models.JSONField(blank=True, default=dict, verbose_name="served through"),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="changed by",
            ),
        ),
        migrations.AddField(
            model_name="escalationstep",
            name="retired_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="ended by",
            ),
        ),
        migrations.RunPython(ship, migrations.RunPython.noop),
    ]
