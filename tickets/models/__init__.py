"""The models of the tickets app, one file per topic.

Read in this order: ticket, tag, participant, message, message_tokens, timeline; mailbox, inbound, raw_mail, outbound,
mail_tokens, mail_mark, missing_mail, rule, proposal; submission, presence, erased_file.
"""

from tickets.models.erased_file import ErasedFile
from tickets.models.inbound import InboundEmail
from tickets.models.mail_mark import MailMark
from tickets.models.mail_tokens import InboundTokens, OutboundTokens
from tickets.models.mailbox import Mailbox, MailboxFolder, SeenUidl
from tickets.models.message import Attachment, Message
from tickets.models.message_tokens import MessageTokens, SearchBacklog
from tickets.models.missing_mail import MissingMail
from tickets.models.outbound import OutboundEmail
from tickets.models.participant import Participant
from tickets.models.presence import Presence
from tickets.models.proposal import Proposal
from tickets.models.raw_mail import RawMail
from tickets.models.rule import Rule
from tickets.models.submission import Submission
from tickets.models.tag import TicketTag
from tickets.models.ticket import Ticket
from tickets.models.timeline import TimelineEntry

__all__ = [
    "Attachment",
    "ErasedFile",
    "InboundEmail",
    "InboundTokens",
    "MailMark",
    "Mailbox",
    "MailboxFolder",
    "Message",
    "MessageTokens",
    "MissingMail",
    "OutboundEmail",
    "OutboundTokens",
    "Participant",
    "Presence",
    "Proposal",
    "RawMail",
    "Rule",
    "SearchBacklog",
    "SeenUidl",
    "Submission",
    "Ticket",
    "TicketTag",
    "TimelineEntry",
]
