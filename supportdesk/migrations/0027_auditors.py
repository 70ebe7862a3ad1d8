"""The group of auditors, who read everything and change nothing.

Django creates permissions after all migrations have run, so those that the group needs are created here.
"""

from django.db import migrations

APPS = ("auth", "customers", "tickets", "escalation", "supportdesk", "django_q", "auditlog")
OWN = {"view_all_customers": "Can see every customer and ticket", "read_only": "Can change nothing"}


def ship(apps, schema_editor):
    group, _created = apps.get_model("auth", "Group").objects.get_or_create(name="Auditor")
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            if "view" in model._meta.default_permissions and not model._meta.auto_created:
                name = f"Can view {model._meta.verbose_name}"
                group.permissions.add(permission_of(apps, model, f"view_{model._meta.model_name}", name))
    customer = apps.get_model("customers", "Customer")
    for codename, name in OWN.items():
        group.permissions.add(permission_of(apps, customer, codename, name))


def permission_of(apps, model, codename, name):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    kind, _created = kinds.get_or_create(app_label=model._meta.app_label, model=model._meta.model_name)
    permissions = apps.get_model("auth", "Permission").objects
    permission, _created = permissions.get_or_create(codename=codename, content_type=kind, defaults={"name": name})
    return permission


class Migration(migrations.Migration):
    dependencies = [
        ("supportdesk", "0023_sessions"),
        ("customers", "0014_read_only"),
        ("tickets", "0045_sender_turns"),
        ("escalation", "0036_waiver_notices"),
        ("auditlog", "0017_add_actor_email"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
