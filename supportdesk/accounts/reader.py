"""What every page needs to know about its reader: language, zone, permissions, and whether keys do something."""

from typing import Any, cast

from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.db.models import BooleanField, OuterRef, QuerySet, Subquery, Value

from customers.models import StaffProfile
from supportdesk.models import Preferences

SHOWN = ("language", "time_zone", "title", "id")  # of the profile; the rest is read when somebody asks for it


def profile_with_permissions(user: User) -> StaffProfile | None:
    """The reader's profile, if they have one, kept on the user; ``has_perm`` then costs no query. One query.

    Django's ModelBackend keeps a user's own and their groups' permissions on the instance, and reads them by a query
    each. This reads both along with the profile.
    """
    chosen = Preferences.objects.filter(user=OuterRef("user")).values("has_shortcuts")
    profiles = StaffProfile.objects.filter(user=user.pk).values_list(Value(""), *SHOWN, Subquery(chosen))
    if user.is_superuser or not user.is_active:
        return _profile(user, [*profiles])
    own = Permission.objects.filter(user=user.pk)
    of_groups = Permission.objects.filter(group__in=Group.objects.filter(user=user.pk))
    rows = list(profiles.order_by().union(_named(own, "own"), _named(of_groups, "group")))
    keeper = cast(Any, user)
    keeper._user_perm_cache = {f"{app}.{code}" for kind, app, code, *_rest in rows if kind == "own"}
    keeper._group_perm_cache = {f"{app}.{code}" for kind, app, code, *_rest in rows if kind == "group"}
    return _profile(user, [row for row in rows if not row[0]])


def has_shortcuts(user: User) -> bool:
    """True unless the reader, whose profile was loaded, has turned them off."""
    return bool(getattr(user, "has_shortcuts", True))


def _named(permissions: QuerySet[Permission], kind: str) -> QuerySet[Permission, Any]:
    return permissions.order_by().values_list(
        Value(kind), "content_type__app_label", "codename", Value(""), Value(0), Value(None, BooleanField())
    )


def _profile(user: User, rows: list[Any]) -> StaffProfile | None:
    if not rows:
        return None
    *shown, chosen = rows[0][1:]
    cast(Any, user).has_shortcuts = chosen is None or chosen
    values = dict(zip(SHOWN, shown, strict=True))
    names = [field.attname for field in StaffProfile._meta.concrete_fields if field.attname in values]
    user.staff_profile = StaffProfile.from_db(connection.alias, names, [values[name] for name in names])
    return user.staff_profile
