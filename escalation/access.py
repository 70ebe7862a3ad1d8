"""Who may see which promise, ledger line, escalation and notification: those of visible tickets."""

from django.db.models import Q, QuerySet

from customers.access import Person, only_reads, sees_all, visible_customers
from escalation.choices import NoticeKind
from escalation.models import Clock, ClockEvent, ContactWay, Escalation, Notification
from tickets.access import ticket_is_visible


def visible_clocks(user: Person) -> QuerySet[Clock]:
    return (
        Clock.objects.all() if sees_all(user) else Clock.objects.filter(ticket_is_visible(user, "ticket__"))
    )


def visible_ledger(user: Person) -> QuerySet[ClockEvent]:
    if sees_all(user):
        return ClockEvent.objects.all()
    return ClockEvent.objects.filter(ticket_is_visible(user, "clock__ticket__"))


def visible_escalations(user: Person) -> QuerySet[Escalation]:
    if sees_all(user):
        return Escalation.objects.all()
    return Escalation.objects.filter(ticket_is_visible(user, "clock__ticket__"))


def visible_notifications(user: Person) -> QuerySet[Notification]:
    """The notifications about visible tickets, and those the person got about tickets that have since moved.

    A notification about tickets moved by an absence names many tickets, so only its reader sees it.
    """
    if sees_all(user):
        return Notification.objects.all()
    condition = ticket_is_visible(user, "ticket__") & ~Q(kind=NoticeKind.BACK)
    if user.is_active and user.pk is not None:
        condition |= Q(recipient=user.pk)
    return Notification.objects.filter(condition)


def may_write_ways_of_rotas(user: Person) -> bool:
    return user.has_perm("escalation.change_dutyrota")


def may_write_ways_of_customers(user: Person) -> bool:
    """True if the user may edit contact ways of customers they see; permission to edit contacts is not enough."""
    return user.has_perm("customers.change_customer")


def visible_ways(user: Person) -> QuerySet[ContactWay]:
    """Contact ways the person may edit: their own, those of rotas and of their customers. Superusers may edit all."""
    if not user.is_active or user.pk is None:
        return ContactWay.objects.none()
    if user.is_superuser or only_reads(user):
        return ContactWay.objects.all()
    condition = Q(user=user.pk)
    if may_write_ways_of_rotas(user):
        condition |= Q(rota__isnull=False)
    if may_write_ways_of_customers(user):
        condition |= Q(customer__in=visible_customers(user))
    return ContactWay.objects.filter(condition)
