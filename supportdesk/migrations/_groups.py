"""The groups that a new desk starts with, and what each may do.

Django creates permissions after all migrations have run, so those that a group needs are created here.
"""

VIEW, CHANGE, WRITE = ("view",), ("view", "change"), ("view", "add", "change")
ALL = ("view", "add", "change", "delete")
OWN = {
    "view_all_customers": "Can see every customer and ticket",
    "void_response": "Can void an answer that answered nothing",
    "waive_clock": "Can end an unanswered promise with a reason",
    "start_drill": "Can start and end a fire drill",
}
# What the name of a permission calls the model, where it is not the model's own name.
LABELS = {
    "absencemove": "ticket moved by an absence",
    "cluster": "queue cluster",
    "contactway": "way to be reached",
    "contractwindow": "window of a contract",
    "drill": "fire drill",
    "dutyhandover": "hand-over",
    "dutylayer": "layer",
    "dutyoverride": "override",
    "dutyswap": "swap",
    "dutyturn": "turn",
    "mailmark": "remembered email",
    "missingmail": "missing email",
    "notificationattempt": "attempt",
    "rule": "email rule",
}

EVERYBODY = {
    "customers.customer": VIEW,
    "customers.staffprofile": VIEW,
    "tickets.ticket": VIEW,
    "tickets.inboundemail": VIEW,
    "tickets.outboundemail": CHANGE,
    "escalation.escalationstep": VIEW,
    "escalation.notification": VIEW,
    "escalation.notificationattempt": VIEW,
    "escalation.contactway": ALL,
    "escalation.dutyrota": VIEW,
    "escalation.dutyshift": VIEW,
    "escalation.dutylayer": VIEW,
    "escalation.dutyturn": VIEW,
    "escalation.dutyoverride": VIEW,
    "escalation.dutyswap": VIEW,
    "escalation.dutyhandover": VIEW,
}
ACCOUNT_MANAGER = {
    **EVERYBODY,
    "customers.maildomain": VIEW,
    "customers.contact": WRITE,
    "customers.contract": VIEW,
    "customers.serviceplan": VIEW,
    "customers.team": VIEW,
    "customers.skill": VIEW,
    "customers.absence": ALL,
    "tickets.ticket": WRITE,
    "tickets.message": WRITE,
    "tickets.attachment": VIEW,
    "tickets.mailmark": VIEW,
    "tickets.rule": VIEW,
    "escalation.clock": VIEW,
    "escalation.clockevent": VIEW,
    "escalation.escalation": VIEW,
    "escalation.policy": VIEW,
    "escalation.calendar": VIEW,
    "escalation.contractwindow": VIEW,
    "escalation.absencemove": VIEW,
}
TEAM_LEAD = {
    **ACCOUNT_MANAGER,
    "customers.customer": WRITE,
    "customers.maildomain": ALL,
    "customers.contract": WRITE,
    "tickets.message": (*WRITE, "void_response"),
    "tickets.inboundemail": CHANGE,
    "tickets.rule": WRITE,
    "escalation.clock": (*VIEW, "waive_clock"),
    "escalation.dutyrota": WRITE,
    "escalation.dutyshift": ALL,
    "escalation.dutylayer": ALL,
    "escalation.dutyturn": ALL,
    "escalation.dutyoverride": WRITE,
    "escalation.drill": VIEW,
    "escalation.weeklyexport": VIEW,
    "escalation.exportfile": VIEW,
}
DUTY_MANAGER = {
    **TEAM_LEAD,
    "customers.customer": (*WRITE, "view_all_customers"),
    "escalation.drill": (*VIEW, "start_drill"),
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
    "escalation.contractwindow": ALL,
    "escalation.dutyrota": ALL,
    "escalation.weeklyexport": WRITE,
    "escalation.exportsubscriber": ALL,
    "supportdesk.cluster": VIEW,
}
OPERATOR = {
    **EVERYBODY,
    "customers.customer": (*VIEW, "view_all_customers"),
    "customers.desk": VIEW,
    "tickets.mailbox": ALL,
    "tickets.inboundemail": CHANGE,
    "tickets.missingmail": VIEW,
    "tickets.rule": VIEW,
    "escalation.heartbeat": VIEW,
    "escalation.weeklyexport": VIEW,
    "escalation.exportfile": VIEW,
    "escalation.exportsubscriber": ALL,
    "supportdesk.cluster": VIEW,
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
    permissions = ship_permissions(apps)
    for name, allowed in GROUPS.items():
        group, _created = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.add(*(permissions[one] for one in powers(allowed)))


def ship_permissions(apps):
    kinds = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    made = {}
    for label, action in sorted({one for allowed in GROUPS.values() for one in powers(allowed)}):
        app_label, model = label.split(".")
        kind, _created = kinds.get_or_create(app_label=app_label, model=model)
        codename = action if action in OWN else f"{action}_{model}"
        name = OWN.get(action) or f"Can {action} {LABELS.get(model, model)}"
        made[label, action], _created = permissions.get_or_create(
            codename=codename, content_type=kind, defaults={"name": name}
        )
    return made


def powers(allowed):
    return [(label, action) for label, actions in allowed.items() for action in actions]
