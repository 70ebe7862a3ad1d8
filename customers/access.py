"""Who may see which customer: row-level access by the staff hierarchy and by the teams that people lead."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from customers.models import Absence, Contact, Contract, Customer, StaffProfile

Person = User | AnonymousUser
SEES_ALL = "customers.view_all_customers"
READ_ONLY = "customers.read_only"
# Either opens a ticket; as names, because tickets are above customers. No other model is called ticket, so these
# stand for themselves in queries, which saves the planner a join each.
OPENS_TICKETS = ("view_ticket", "change_ticket")
# `people_below` in the database, where UNION ends a circle. A user without a profile is their own team.
SCOPE = """
    WITH RECURSIVE people (id) AS (
        SELECT id FROM auth_user WHERE id = %s
        UNION
        SELECT profile.user_id
        FROM people, customers_staffprofile AS profile LEFT JOIN customers_team AS team ON team.id = profile.team_id
        WHERE profile.reports_to_id = people.id OR team.lead_id = people.id
    )
    SELECT id, 0 FROM people
    UNION ALL
    SELECT id, 1 FROM (
        SELECT id FROM customers_customer
        WHERE account_manager_id IN (SELECT id FROM people) OR backup_account_manager_id IN (SELECT id FROM people)
        LIMIT %s
    ) AS customers
"""


def works_here(user: User) -> bool:
    """True if work may be given to the user: they can sign in and open tickets.

    Two queries, unless the user comes from `people_who_work_here` or their permissions were asked for before.
    """
    if not (user.is_active and user.is_staff):
        return False
    is_known: bool = getattr(user, "opens_tickets", False)
    return is_known or any(user.has_perm(f"tickets.{name}") for name in OPENS_TICKETS)


def mark_as_working(user: User) -> None:
    """Save `works_here` its queries, for a user whom a query has just found to work here."""
    user.opens_tickets = True  # type: ignore[attr-defined]  # as annotated by people_who_work_here


def people_who_work_here() -> QuerySet[User]:
    """Everybody whom work may be given to, at the time of the query."""
    return User.objects.filter(who_work_here()).annotate(opens_tickets=Value(True))


def who_work_here(path: str = "") -> Q:
    """`works_here` as a condition on users; ``path`` leads to the user ("owner__"). Part of one query."""
    user = OuterRef(f"{path}pk")
    opening = Group.permissions.through.objects.filter(permission__codename__in=OPENS_TICKETS)
    in_groups = User.groups.through.objects.filter(user=user, group__in=opening.values("group"))
    own = User.user_permissions.through.objects.filter(user=user, permission__codename__in=OPENS_TICKETS)
    can_open = Q(**{f"{path}is_superuser": True}) | Q(Exists(in_groups)) | Q(Exists(own))
    return can_open & Q(**{f"{path}is_active": True, f"{path}is_staff": True})


def sees_all(user: Person) -> bool:
    """True for directors and administrators. An account that is switched off sees nothing."""
    return user.is_active and user.has_perm(SEES_ALL)


def only_reads(user: Person) -> bool:
    """True for auditors, who see everything and change nothing, whatever other groups they are in."""
    return user.is_active and not user.is_superuser and user.has_perm(READ_ONLY)


def team_ids(user: Person) -> frozenset[int]:
    """The user, everybody below them in the hierarchy, and the teams they or those people lead. One query."""
    if user.pk is None or not user.is_active:
        return frozenset()
    return people_below(user.pk, _people_under())


@dataclass(frozen=True)
class Scope:
    """What a user looks after: their `team_ids`, and those people's customers, of whom only so many are listed."""

    people: frozenset[int]
    customers: tuple[int, ...]


def scope_of(user: Person, *, most: int) -> Scope:
    """The user's people and up to ``most`` of their customers. One query."""
    if user.pk is None or not user.is_active:
        return Scope(frozenset(), ())
    with connection.cursor() as cursor:
        cursor.execute(SCOPE, [user.pk, most])
        rows = cursor.fetchall()
    people = frozenset(key for key, is_customer in rows if not is_customer)
    return Scope(people, tuple(key for key, is_customer in rows if is_customer))


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


def without_manager() -> Q:
    """A condition on customers: the account manager or the backup they name can no longer open tickets."""
    gone = User.objects.filter(~who_work_here())
    return Q(is_active=True) & (Q(account_manager__in=gone) | Q(backup_account_manager__in=gone))


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
