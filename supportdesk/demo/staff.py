"""The ten people of the demo desk: accounts, teams, hierarchy, deputies and absences."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group, User

from customers.choices import Scenario
from customers.models import Absence, Desk, Skill, StaffProfile, Team
from supportdesk.demo.content_files import read_content

DOMAIN = "desk.example"
INTAKE_OWNER, DUTY_MANAGER = "aisha.rahman", "priya.nair"


def create_staff(*, now: datetime, since: datetime) -> dict[str, User]:
    """Create everybody and return the users by name. ``since`` is when they joined."""
    content = read_content("staff")
    users = {row["username"]: _account(row, since) for row in content["person"]}
    teams = {
        row["key"]: Team.objects.create(name=row["name"], lead=users[row["lead"]]) for row in content["team"]
    }
    skills = {code: _skill(code, str(name)) for code, name in Scenario.choices}
    for row in content["person"]:
        profile = _profile(row, users, teams)
        profile.skills.set(skills[code] for code in row.get("skills", ()))
        _absences(row, users, now)
    named = {"intake_owner": users[INTAKE_OWNER], "duty_manager": users[DUTY_MANAGER]}
    Desk.objects.update_or_create(pk=1, defaults=named)
    return users


def _skill(code: str, name: str) -> Skill:
    return Skill.objects.get_or_create(code=code, defaults={"name": name})[0]


def _account(row: Mapping[str, Any], since: datetime) -> User:
    first, last = row["name"]
    user = User(username=row["username"], first_name=first, last_name=last, is_staff=True, date_joined=since)
    user.email = f"{user.username}@{DOMAIN}"
    user.set_unusable_password()
    user.save()
    user.groups.add(Group.objects.get(name=row["group"]))
    return user


def _profile(row: Mapping[str, Any], users: Mapping[str, User], teams: Mapping[str, Team]) -> StaffProfile:
    number = sorted(users).index(row["username"])
    return StaffProfile.objects.create(
        user=users[row["username"]],
        title=row["title"],
        team=teams.get(row.get("team", "")),
        reports_to=users.get(row.get("reports_to", "")),
        deputy=users[row["deputy"]],
        language=row["language"],
        time_zone=row["zone"],
        phone=f"+86 21 5550 {1200 + 7 * number}",
    )


def _absences(row: Mapping[str, Any], users: Mapping[str, User], now: datetime) -> None:
    """Create absences of whole days in the person's zone, counted from the day of loading."""
    midnight = now.astimezone(ZoneInfo(row["zone"])).replace(hour=0, minute=0, second=0, microsecond=0)
    for first, last, reason in row.get("away", ()):
        Absence.objects.create(
            user=users[row["username"]],
            starts_at=midnight + timedelta(days=first),
            ends_at=midnight + timedelta(days=last),
            reason=reason,
        )
