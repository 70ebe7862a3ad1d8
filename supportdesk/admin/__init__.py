"""The admin of this app: the desk's pages of tickets and customers, and the task queue, read-only.

Read in this order: queue, heartbeat, accounts, audit.
"""

from supportdesk.admin.accounts import SignInAdmin, SignInGroupAdmin, SignInUserAdmin
from supportdesk.admin.audit import AuditAdmin
from supportdesk.admin.heartbeat import WordedHeartbeatAdmin
from supportdesk.admin.queue import FailedTaskAdmin, TimetableAdmin, WaitingTaskAdmin
from supportdesk.pages.customer import CustomerPageAdmin
from supportdesk.pages.ticket.admin import TicketPageAdmin

__all__ = [
    "AuditAdmin",
    "CustomerPageAdmin",
    "FailedTaskAdmin",
    "SignInAdmin",
    "SignInGroupAdmin",
    "SignInUserAdmin",
    "TicketPageAdmin",
    "TimetableAdmin",
    "WaitingTaskAdmin",
    "WordedHeartbeatAdmin",
]
