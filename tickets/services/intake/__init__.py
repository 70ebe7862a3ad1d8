"""Mail in, from raw bytes to a ticket.

Read in this order: storing, erased_mail, batches, processing, faults, incoming_mail, senders, known_contacts,
sender_turns, authentication, ticket_matching, human_mail, applied_rules, floods, copied_people, colleague_mail,
forwarding, automatic_mail, delivery_reports, history, raw_mails.
"""

from tickets.services.intake.batches import Batch, in_batches, process_together, waiting_with
from tickets.services.intake.faults import DATABASE_FAULTS, is_passing
from tickets.services.intake.processing import (
    dismiss,
    process,
    process_again,
    release_parked,
)
from tickets.services.intake.storing import fingerprint_of, receive_raw, store_once

__all__ = [
    "DATABASE_FAULTS",
    "Batch",
    "dismiss",
    "fingerprint_of",
    "in_batches",
    "is_passing",
    "process",
    "process_again",
    "process_together",
    "receive_raw",
    "release_parked",
    "store_once",
    "waiting_with",
]
