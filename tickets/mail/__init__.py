"""Reads mail: bytes in, values out. No database, no network, no time source.

Read in this order: values, parse, repair, tree, bodies, quotes; then classify, bounces, threading.
"""

from tickets.mail.parse import parse
from tickets.mail.values import Address, ParsedAttachment, ParsedMail, Segment, SegmentKind, UnreadableMail

__all__ = ["Address", "ParsedAttachment", "ParsedMail", "Segment", "SegmentKind", "UnreadableMail", "parse"]
