"""The models of the tickets app, one file per topic.

Read in this order: ticket, message, timeline; mailbox, inbound, outbound; submission.
"""

from tickets.models.inbound import InboundEmail
from tickets.models.mailbox import Mailbox
from tickets.models.message import Attachment, Message
from tickets.models.outbound import OutboundEmail
from tickets.models.submission import Submission
from tickets.models.ticket import Ticket
from tickets.models.timeline import TimelineEntry

__all__ = [
    "Attachment",
    "InboundEmail",
    "Mailbox",
    "Message",
    "OutboundEmail",
    "Submission",
    "Ticket",
    "TimelineEntry",
]
