"""Who may see which ticket and mail: what they or their people own, and what belongs to customers they look after."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from customers.access import Person, Scope, looked_after_by, scope_of, sees_all, visible_customers
from customers.models import Customer
from tickets.models import Attachment, InboundEmail, MailMark, OutboundEmail, Rule, Ticket
from tickets.models.ticket import TicketQuerySet

MAY_CHANGE_RULES = "tickets.change_rule"
MAY_RELEASE = "tickets.change_inboundemail"  # process again, release as ticket
MOST_LISTED = 1_000  # with more customers than this, pass a subquery instead of a list


def visible_tickets(user: Person, *, scope: Scope | None = None) -> TicketQuerySet:
    """Tickets the user may see. A small query first lists people and customers, so that the ticket indexes apply.

    ``scope`` is the user's `ticket_scope` if the caller has it, which saves that query.
    """
    if sees_all(user):
        return Ticket.objects.all()
    return Ticket.objects.filter(ticket_is_visible(user, scope=scope))


def ticket_scope(user: Person) -> Scope:
    """The user's people and their customers, as `visible_tickets` needs them."""
    return scope_of(user, most=MOST_LISTED + 1)


def may_see(user: Person, ticket: Ticket) -> bool:
    return visible_tickets(user).filter(pk=ticket.pk).exists()


def visible_attachments(user: Person) -> QuerySet[Attachment]:
    if sees_all(user):
        return Attachment.objects.all()
    return Attachment.objects.filter(ticket_is_visible(user, "message__ticket__"))


def visible_outbound(user: Person) -> QuerySet[OutboundEmail]:
    """Mails of visible tickets. Only people who see everything see mails without a ticket, such as weekly packs."""
    if sees_all(user):
        return OutboundEmail.objects.all()
    return OutboundEmail.objects.filter(ticket_is_visible(user, "ticket__"))


def visible_inbound(user: Person) -> QuerySet[InboundEmail]:
    """Mails of visible tickets. Mails without a ticket, such as weekly packs, only for people who see everything."""
    if sees_all(user):
        return InboundEmail.objects.all()
    condition = ticket_is_visible(user, "ticket__")
    if user.has_perm(MAY_RELEASE):
        condition |= Q(ticket=None, copy_of=None)
    return InboundEmail.objects.filter(condition)


def visible_marks(user: Person) -> QuerySet[MailMark]:
    """Marks on messages of visible tickets."""
    if sees_all(user):
        return MailMark.objects.all()
    return MailMark.objects.filter(ticket_is_visible(user, "message__ticket__"))


def visible_rules(user: Person) -> QuerySet[Rule]:
    """Rules that name no customer or a visible one. Only who may change rules sees those that name a sender."""
    if sees_all(user):
        return Rule.objects.all()
    of_everybody = Q(customer=None) if user.has_perm(MAY_CHANGE_RULES) else Q(customer=None, sender="")
    return Rule.objects.filter(of_everybody | Q(customer__in=visible_customers(user)))


def ticket_is_visible(user: Person, path: str = "", *, scope: Scope | None = None) -> Q:
    """A condition on rows that lead to a ticket by ``path`` ("ticket__"). Restricts even those who see everything."""
    scope = ticket_scope(user) if scope is None else scope
    return Q(**{f"{path}owner__in": scope.people}) | Q(**{f"{path}customer__in": _customers_of(scope)})


def _customers_of(scope: Scope) -> "Sequence[int] | QuerySet[Customer, int]":
    """Keys of the customers: a list, which the ticket indexes serve, or a query above MOST_LISTED."""
    if len(scope.customers) <= MOST_LISTED:
        return scope.customers
    return Customer.objects.filter(looked_after_by(scope.people)).order_by().values_list("pk", flat=True)
