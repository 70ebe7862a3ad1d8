"""Reads mail: bytes in, values out. No database, no network, no time source.

Read in this order: values, parse, repair, headers, mime_tree, bodies, quotes, rendering, forwards; classify,
machine_signs, out_of_office, bounces, bounce_words, returned_mail, ses_notifications, threading,
bounce_addresses, authentication_results, acknowledging_words, shapes, language.
What they build on: parameters, encoded_words, addresses, charsets, iso2022jp, transfer, storable_text; html,
html_text, html_quotes, quote_words, quote_shapes, quote_attributions, header_blocks, inline_images, sanitise;
invitations, windows_zones, pgp_and_smime, attachments, winmail, uuencode; broken_multiparts.
"""

from tickets.mail.parse import parse
from tickets.mail.values import (
    Address,
    ForwardedMail,
    MailNote,
    ParsedAttachment,
    ParsedMail,
    Segment,
    SegmentKind,
    UnreadableMail,
)

__all__ = [
    "Address",
    "ForwardedMail",
    "MailNote",
    "ParsedAttachment",
    "ParsedMail",
    "Segment",
    "SegmentKind",
    "UnreadableMail",
    "parse",
]
