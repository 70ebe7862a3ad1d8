"""Who sees which customer: row-level access along the hierarchy of staff and the teams people lead."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet

from customers.models import Absence, Contact, Contract, Customer, StaffProfile

Person = User | AnonymousUser
SEES_ALL = "customers.view_all_customers"


def sees_all(user: Person) -> bool:
    """Directors and administrators. An account that is switched off sees nothing."""
    return user.is_active and user.has_perm(SEES_ALL)


def team_ids(user: Person) -> frozenset[int]:
    """The user, everybody below them in the hierarchy, and the teams they or those people lead. One query."""
    if user.pk is None or not user.is_active:
        return frozenset()
    return below(user.pk, _people_under())


def below(user_id: int, people_under: Mapping[int, Iterable[int]]) -> frozenset[int]:
    """Everybody reachable from a person, themselves included; a circle in the hierarchy ends the walk."""
    seen = {user_id}
    waiting = [user_id]
    while waiting:
        found = set(people_under.get(waiting.pop(), ())) - seen
        seen |= found
        waiting.extend(found)
    return frozenset(seen)


def _people_under() -> Mapping[int, Iterable[int]]:
    """For each manager and each lead of a team: who works for them. One query for the whole house."""
    under: defaultdict[int, set[int]] = defaultdict(set)
    profiles = StaffProfile.objects.order_by().values_list("user_id", "reports_to_id", "team__lead_id")
    for person, manager, lead in profiles:
        for superior in (manager, lead):
            if superior is not None:
                under[superior].add(person)
    return under


def looked_after_by(people: frozenset[int], path: str = "") -> Q:
    """Customers whose account manager or backup is one of these; ``path`` leads there ("customer__")."""
    return Q(**{f"{path}account_manager__in": people}) | Q(**{f"{path}backup_account_manager__in": people})


def visible_customers(user: Person) -> QuerySet[Customer]:
    """Those the user or their people look after, as account manager or backup."""
    if sees_all(user):
        return Customer.objects.all()
    return Customer.objects.filter(looked_after_by(team_ids(user)))


def visible_contacts(user: Person) -> QuerySet[Contact]:
    """People of visible customers. Somebody whose company is unknown is seen by those who see everything."""
    if sees_all(user):
        return Contact.objects.all()
    return Contact.objects.filter(looked_after_by(team_ids(user), "customer__"))


def visible_contracts(user: Person) -> QuerySet[Contract]:
    if sees_all(user):
        return Contract.objects.all()
    return Contract.objects.filter(looked_after_by(team_ids(user), "customer__"))


def visible_people(user: Person) -> QuerySet[User]:
    """The user and their people; everybody at the desk for those who see everything."""
    staff = User.objects.filter(is_active=True, is_staff=True).order_by("username")
    return staff if sees_all(user) else staff.filter(pk__in=team_ids(user))


def visible_absences(user: Person) -> QuerySet[Absence]:
    if sees_all(user):
        return Absence.objects.all()
    return Absence.objects.filter(user__in=team_ids(user))
