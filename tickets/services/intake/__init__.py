"""Mail in, in reading order: storing, processing, senders, routing, people, machines, reports."""

from tickets.services.intake.processing import DATABASE_FAULTS, process, process_again, release_parked
from tickets.services.intake.storing import fingerprint_of, receive_raw, store_once

__all__ = [
    "DATABASE_FAULTS",
    "fingerprint_of",
    "process",
    "process_again",
    "receive_raw",
    "release_parked",
    "store_once",
]
