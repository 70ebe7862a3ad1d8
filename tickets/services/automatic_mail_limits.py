"""Limits what the desk writes by itself: receipt mails, and notices that a mail was too large.

A desk that answers everything that answers it is a loop, also if it answers a new address each time. Each ticket gets
one mail of each kind; the code that writes them sees to that.
"""

from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from customers.models import Contact
from customers.public_domains import company_domain
from tickets.choices import MailPurpose
from tickets.models import OutboundEmail, Ticket

LIMIT_WINDOW = timedelta(hours=1)
# To one contact, whatever follows a plus sign: anyone who gets more is most likely a machine that answers.
MOST_TO_ONE = 5
MOST_TO_A_DOMAIN = 10  # to addresses of one company that never wrote before; not for public providers
MOST_TO_NEW = 100  # to all addresses that never wrote before

# A contact that was read with the number of such mails of the last hour carries it under this name.
COUNTED = "recent_receipts"


def may_write_by_itself(ticket: Ticket, *, at: datetime) -> bool:
    """True while the ticket's writer, their domain and all new writers together got few such mails within the hour.

    False for somebody who wants none. Takes one query at most. A ticket without a contact is not limited.
    """
    contact = ticket.contact
    if contact is None:
        return True
    if contact.no_automatic_mail_since is not None:
        return False
    if not contact.is_from_mail or contact.created_at <= at - LIMIT_WINDOW:
        counted: int | None = contact.__dict__.pop(COUNTED, None)  # true only once
        if counted is None:
            counted = _sent_since(at - LIMIT_WINDOW).filter(ticket__contact=contact)[:MOST_TO_ONE].count()
        return counted < MOST_TO_ONE
    counts = _sent_since(at - LIMIT_WINDOW).aggregate(**_counts(contact, at))
    most = {"to_one": MOST_TO_ONE, "to_domain": MOST_TO_A_DOMAIN, "to_new": MOST_TO_NEW}
    return all(counts[name] < number for name, number in most.items())


def _sent_since(moment: datetime) -> QuerySet[OutboundEmail]:
    sent = OutboundEmail.objects.filter(purpose=MailPurpose.ACKNOWLEDGEMENT, created_at__gt=moment)
    return sent.order_by()


def new_writers(at: datetime, path: str = "") -> Q:
    """A condition on rows that lead to a contact by ``path`` ("contact__"): its first mail came within the hour."""
    return Q(**{f"{path}is_from_mail": True, f"{path}created_at__gt": at - LIMIT_WINDOW})


def _counts(contact: Contact, at: datetime) -> dict[str, Count]:
    path = "ticket__contact__"
    local, _at, domain = contact.email.rpartition("@")
    tagged = {
        f"{path}email__istartswith": f"{local.partition('+')[0]}+",
        f"{path}email__iendswith": f"@{domain}",
    }
    company = company_domain(contact.email)
    in_domain = Q(**{f"{path}email__iendswith": f"@{company}"}) if company else Q(pk=None)
    return {
        "to_one": Count("pk", filter=Q(ticket__contact=contact.pk) | Q(**tagged)),
        "to_domain": Count("pk", filter=new_writers(at, path) & in_domain),
        "to_new": Count("pk", filter=new_writers(at, path)),
    }
