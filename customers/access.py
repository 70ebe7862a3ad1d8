"""Who may see which customer: row-level access by the staff hierarchy and by the teams that people lead."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet

from customers.models import Absence, Contact, Contract, Customer, StaffProfile

Person = User | AnonymousUser
SEES_ALL = "customers.view_all_customers"


def sees_all(user: Person) -> bool:
    """True for directors and administrators. An account that is switched off sees nothing."""
    return user.is_active and user.has_perm(SEES_ALL)


def team_ids(user: Person) -> frozenset[int]:
    """The user, everybody below them in the hierarchy, and the teams they or those people lead. One query."""
    if user.pk is None or not user.is_active:
        return frozenset()
    return people_below(user.pk, _people_under())


def people_below(user_id: int, people_under: Mapping[int, Iterable[int]]) -> frozenset[int]:
    """The person and everybody below them in the hierarchy. A circle does not loop for ever."""
    seen = {user_id}
    waiting = [user_id]
    while waiting:
        reports = set(people_under.get(waiting.pop(), ())) - seen
        seen |= reports
        waiting.extend(reports)
    return frozenset(seen)


def _people_under() -> Mapping[int, Iterable[int]]:
    """The people who work for each manager and for each team lead. One query for the whole staff."""
    under: defaultdict[int, set[int]] = defaultdict(set)
    profiles = StaffProfile.objects.order_by().values_list("user_id", "reports_to_id", "team__lead_id")
    for person, manager, lead in profiles:
        for superior in (manager, lead):
            if superior is not None:
                under[superior].add(person)
    return under


def looked_after_by(people: frozenset[int], path: str = "") -> Q:
    """Customers whose account manager or backup is one of these people; ``path`` leads to them ("customer__")."""
    return Q(**{f"{path}account_manager__in": people}) | Q(**{f"{path}backup_account_manager__in": people})


def visible_customers(user: Person) -> QuerySet[Customer]:
    """Customers that the user or their people look after, as account manager or backup."""
    if sees_all(user):
        return Customer.objects.all()
    return Customer.objects.filter(looked_after_by(team_ids(user)))


def visible_contacts(user: Person) -> QuerySet[Contact]:
    """Contacts of visible customers. Only people who see everything see contacts without a customer."""
    if sees_all(user):
        return Contact.objects.all()
    return Contact.objects.filter(looked_after_by(team_ids(user), "customer__"))


def visible_contracts(user: Person) -> QuerySet[Contract]:
    if sees_all(user):
        return Contract.objects.all()
    return Contract.objects.filter(looked_after_by(team_ids(user), "customer__"))


def visible_people(user: Person) -> QuerySet[User]:
    """The user and their people; the whole desk for people who see everything."""
    staff = User.objects.filter(is_active=True, is_staff=True).order_by("username")
    return staff if sees_all(user) else staff.filter(pk__in=team_ids(user))


def visible_absences(user: Person) -> QuerySet[Absence]:
    if sees_all(user):
        return Absence.objects.all()
    return Absence.objects.filter(user__in=team_ids(user))
