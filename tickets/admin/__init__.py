"""The admin of tickets and mail, one class per file.

Read in this order: ticket, bulk, apply_to_each, page_actions, once_form; mailbox, mailbox_import, mailbox_test,
inbound, outbound, mail_mark, missing_mail, rule; customer, contact; search_notes, labels, display.
"""

from tickets.admin.contact import TicketedContactAdmin
from tickets.admin.customer import TicketedCustomerAdmin
from tickets.admin.inbound import InboundEmailAdmin
from tickets.admin.mail_mark import MailMarkAdmin
from tickets.admin.mailbox import MailboxAdmin
from tickets.admin.missing_mail import MissingMailAdmin
from tickets.admin.outbound import OutboundEmailAdmin
from tickets.admin.rule import RuleAdmin
from tickets.admin.ticket import TicketAdmin

__all__ = [
    "InboundEmailAdmin",
    "MailMarkAdmin",
    "MailboxAdmin",
    "MissingMailAdmin",
    "OutboundEmailAdmin",
    "RuleAdmin",
    "TicketAdmin",
    "TicketedContactAdmin",
    "TicketedCustomerAdmin",
]
