"""Reads mail: bytes in, values out. No database, no network, no time source.

Read in this order: values, parse, repair, headers, mime_tree, bodies, quotes, rendering; classify, machine_signs,
auto_reply_subjects, bounces, bounce_words, returned_mail, ses_notifications, threading, shapes, language. What they
stand on: parameters, encoded_words, addresses, charsets, iso2022jp, transfer, storable_text; html, html_text,
html_quotes, quote_shapes, inline_images, sanitise; attachments, winmail, uuencode; broken_multiparts, digest.
"""

from tickets.mail.parse import parse
from tickets.mail.values import Address, ParsedAttachment, ParsedMail, Segment, SegmentKind, UnreadableMail

__all__ = ["Address", "ParsedAttachment", "ParsedMail", "Segment", "SegmentKind", "UnreadableMail", "parse"]
