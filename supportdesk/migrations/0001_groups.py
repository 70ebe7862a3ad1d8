"""The groups of the desk and what each may do.

Django creates permissions after all migrations have run, so those that a group needs are created here.
"""

from django.db import migrations

VIEW, CHANGE, WRITE = ("view",), ("view", "change"), ("view", "add", "change")
ALL = ("view", "add", "change", "delete")
OWN = {"view_all_customers": ("view_all_customers", "Can see every customer and ticket")}

ACCOUNT_MANAGER = {
    "customers.customer": VIEW,
    "customers.maildomain": VIEW,
    "customers.contact": WRITE,
    "customers.contract": VIEW,
    "customers.serviceplan": VIEW,
    "customers.staffprofile": VIEW,
    "customers.team": VIEW,
    "customers.skill": VIEW,
    "customers.absence": ALL,
    "tickets.ticket": WRITE,
    "tickets.message": WRITE,
    "tickets.attachment": VIEW,
    "tickets.inboundemail": VIEW,
    "tickets.outboundemail": CHANGE,
    "escalation.clock": VIEW,
    "escalation.clockevent": VIEW,
    "escalation.escalation": VIEW,
    "escalation.notification": VIEW,
    "escalation.policy": VIEW,
    "escalation.calendar": VIEW,
    "escalation.calendarinterval": VIEW,
    "escalation.dutyrota": VIEW,
    "escalation.dutyshift": VIEW,
}
TEAM_LEAD = {
    **ACCOUNT_MANAGER,
    "customers.customer": WRITE,
    "customers.maildomain": ALL,
    "customers.contract": WRITE,
    "tickets.inboundemail": CHANGE,
    "escalation.dutyshift": ALL,
    "escalation.weeklyexport": VIEW,
    "escalation.exportfile": VIEW,
}
DUTY_MANAGER = {
    **TEAM_LEAD,
    "customers.customer": (*WRITE, "view_all_customers"),
    "escalation.dutyrota": WRITE,
    "escalation.heartbeat": VIEW,
}
SUPPORT_DIRECTOR = {
    **DUTY_MANAGER,
    "customers.serviceplan": WRITE,
    "customers.contract": ALL,
    "customers.staffprofile": WRITE,
    "customers.team": ALL,
    "customers.skill": ALL,
    "customers.desk": CHANGE,
    "escalation.policy": WRITE,
    "escalation.policyversion": VIEW,
    "escalation.policytarget": VIEW,
    "escalation.escalationstep": ALL,
    "escalation.calendar": WRITE,
    "escalation.calendarinterval": ALL,
    "escalation.dutyrota": ALL,
    "escalation.weeklyexport": WRITE,
    "escalation.exportsubscriber": ALL,
}
OPERATOR = {
    "customers.customer": (*VIEW, "view_all_customers"),
    "customers.staffprofile": VIEW,
    "customers.desk": VIEW,
    "tickets.ticket": VIEW,
    "tickets.mailbox": ALL,
    "tickets.inboundemail": CHANGE,
    "tickets.outboundemail": CHANGE,
    "escalation.notification": VIEW,
    "escalation.heartbeat": VIEW,
    "escalation.weeklyexport": VIEW,
    "escalation.exportfile": VIEW,
    "escalation.exportsubscriber": ALL,
    "django_q.schedule": VIEW,
    "django_q.failure": VIEW,
    "django_q.success": VIEW,
    "django_q.ormq": VIEW,
}
GROUPS = {
    "Account manager": ACCOUNT_MANAGER,
    "Team lead": TEAM_LEAD,
    "Duty manager": DUTY_MANAGER,
    "Support director": SUPPORT_DIRECTOR,
    "Operator": OPERATOR,
}


def ship(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects
    for name, allowed in GROUPS.items():
        group, _created = groups.get_or_create(name=name)
        group.permissions.add(*permissions(apps, allowed))


def permissions(apps, allowed):
    for label, actions in allowed.items():
        app_label, model = label.split(".")
        kind, _created = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
            app_label=app_label, model=model
        )
        for action in actions:
            yield permission(apps, kind, action)


def permission(apps, kind, action):
    codename, name = OWN.get(action, (f"{action}_{kind.model}", f"Can {action} {kind.model}"))
    found, _created = apps.get_model("auth", "Permission").objects.get_or_create(
        codename=codename, content_type=kind, defaults={"name": name}
    )
    return found


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("customers", "0001_initial"),
        ("tickets", "0001_initial"),
        ("escalation", "0001_initial"),
    ]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
