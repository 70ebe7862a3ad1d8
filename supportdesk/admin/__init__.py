"""The admin of this app: the desk's pages of tickets and customers, and the task queue, read-only.

Read in this order: queue, heartbeat, accounts, audit, erasure.
"""

from supportdesk.admin.accounts import SignInAdmin, SignInGroupAdmin, SignInUserAdmin
from supportdesk.admin.audit import AuditAdmin
from supportdesk.admin.erasure import ErasureAdmin
from supportdesk.admin.heartbeat import WordedHeartbeatAdmin
from supportdesk.admin.queue import FailedTaskAdmin, TimetableAdmin, WaitingTaskAdmin
from supportdesk.pages.contact import ContactPageAdmin
from supportdesk.pages.customer import CustomerPageAdmin
from supportdesk.pages.ticket.admin import TicketPageAdmin

__all__ = [
    "AuditAdmin",
    "ContactPageAdmin",
    "CustomerPageAdmin",
    "ErasureAdmin",
    "FailedTaskAdmin",
    "SignInAdmin",
    "SignInGroupAdmin",
    "SignInUserAdmin",
    "TicketPageAdmin",
    "TimetableAdmin",
    "WaitingTaskAdmin",
    "WordedHeartbeatAdmin",
]
