"""Who sees which promise, ledger line, escalation and notification: those of tickets they may see."""

from django.db.models import Q, QuerySet

from customers.access import Person, sees_all
from escalation.models import Clock, ClockEvent, Escalation, Notification
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
    """Also what a person was told of a ticket that has gone elsewhere since."""
    if sees_all(user):
        return Notification.objects.all()
    condition = ticket_is_visible(user, "ticket__")
    if user.is_active and user.pk is not None:
        condition |= Q(recipient=user.pk)
    return Notification.objects.filter(condition)
