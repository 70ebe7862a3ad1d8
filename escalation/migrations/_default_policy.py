"""The default policy that a new desk starts with: the windows of the tier table around the clock, and its chain."""

import json
from datetime import UTC, datetime

from django.utils import timezone

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
P0, P1, P2, P3 = range(4)

AROUND_THE_CLOCK = {
    "zone": "UTC",
    "always_open": True,
    "weekly": [[], [], [], [], [], [], []],
    "country": "",
    "subdivision": "",
    "own_days": [],
    "holidays": [],
    "make_up_days": [],
}

MINUTES = {P0: 30, P1: 4 * 60, P2: 8 * 60, P3: 24 * 60}
WINDOWS = {"first_response": MINUTES, "next_response": MINUTES, "update": {P0: 60}}
SERVED_THROUGH = {
    "0": ["phone", "group"],
    "1": ["email", "group", "account_manager"],
    "2": ["email", "chat"],
    "3": ["chat", "account_manager"],
}

OTHERS = ["previous_holder", "account_manager", "backup"]
LOUD, QUIET = ["voice", "sms", "chat", "mail"], ["chat", "mail"]
# The chain of the first release. Desks that were upgraded keep its steps retired; so does a new one, and the rows and
# keys of both are the same.
FIRST_CHAIN = (
    {"percent": 50, "tell": ["holder"]},
    {"percent": 80, "tell": ["holder", "backup"]},
    {"percent": 100, "tell": OTHERS, "reassign_to": "manager"},
    {"percent": 150, "tell": OTHERS, "reassign_to": "manager"},
    {"percent": 200, "tell": OTHERS, "reassign_to": "duty_manager"},
)


def urgent(percent, tell, **fields):
    return {"percent": percent, "tell": tell, "lowest_priority": P1, "channels": LOUD, **fields}


def calm(percent, tell, **fields):
    return {"percent": percent, "tell": tell, "highest_priority": P2, "channels": QUIET, "ack_minutes": 60, **fields}


CHAIN = (
    urgent(0, ["account_manager"], lowest_priority=P0, reassign_to="duty_person", ack_required=True),
    urgent(50, ["holder"]),
    calm(50, ["holder"]),
    urgent(80, ["holder", "backup"]),
    calm(80, ["holder", "backup"]),
    urgent(100, OTHERS, reassign_to="manager"),
    calm(100, OTHERS, reassign_to="manager"),
    urgent(150, OTHERS, reassign_to="manager"),
    calm(150, OTHERS, reassign_to="manager"),
    urgent(200, OTHERS, reassign_to="duty_manager", repeat_minutes=15),
    calm(200, OTHERS, reassign_to="duty_manager", ack_minutes=240, repeat_minutes=240),
)


def ship(apps, schema_editor):
    get = apps.get_model
    policy = get("escalation", "Policy").objects.create(name="Default promise", is_default=True)
    ship_windows(get, policy, ship_calendar(get))
    ship_chain(get, policy)


def ship_calendar(get):
    definition = json.dumps(AROUND_THE_CLOCK, separators=(",", ":"))
    calendar = get("escalation", "Calendar").objects.create(
        name="24x7", time_zone="UTC", always_open=True, definition=definition, version=1
    )
    calendar.versions.create(number=1, definition=definition, created_at=BEGINNING)
    return calendar


def ship_windows(get, policy, calendar):
    version = policy.versions.create(number=1, created_at=BEGINNING, channels=SERVED_THROUGH)
    target = get("escalation", "PolicyTarget")
    target.objects.bulk_create(
        target(version=version, kind=kind, priority=priority, minutes=minutes, calendar=calendar)
        for kind, windows in WINDOWS.items()
        for priority, minutes in windows.items()
    )


def ship_chain(get, policy):
    step, now = get("escalation", "EscalationStep"), timezone.now()
    step.objects.bulk_create(
        [step(policy=policy, created_at=now, retired_at=now, **fields) for fields in FIRST_CHAIN]
        + [step(policy=policy, created_at=now, **fields) for fields in CHAIN]
    )
