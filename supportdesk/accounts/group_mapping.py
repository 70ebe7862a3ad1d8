"""Which groups of the desk somebody is in by what single sign-on says of them (OIDC_GROUPS)."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction


def groups_by_claims(claims: Mapping[str, Any]) -> set[str]:
    """Names of groups of the desk. A claim that is no list of texts names none."""
    named = claims.get(settings.OIDC_GROUPS_CLAIM) or []
    theirs = [named] if isinstance(named, str) else named
    if not isinstance(theirs, list):
        return set()
    return {ours for each, ours in settings.OIDC_GROUPS.items() if each in theirs}


@transaction.atomic
def follow_groups(user: User, names: set[str]) -> None:
    """Put the person into these groups, and out of the others that single sign-on decides about."""
    decided = set(settings.OIDC_GROUPS.values())
    user.groups.remove(*Group.objects.filter(name__in=decided - names))
    user.groups.add(*Group.objects.filter(name__in=names))
