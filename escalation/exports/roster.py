"""Everybody who works or worked here, by id: a few hundred people, read once for a whole export."""

from dataclasses import dataclass

from django.contrib.auth.models import User


@dataclass(frozen=True)
class RosterPerson:
    username: str
    name: str
    team: str


NOBODY = RosterPerson(username="", name="", team="")
Roster = dict[int | None, RosterPerson]


def load_roster() -> Roster:
    fields = ("pk", "username", "first_name", "last_name", "staff_profile__team__name")
    roster: Roster = {None: NOBODY}
    for pk, username, first, last, team in User.objects.values_list(*fields).iterator():
        name = f"{first} {last}".strip() or username
        roster[pk] = RosterPerson(username=username, name=name, team=team or "")
    return roster
