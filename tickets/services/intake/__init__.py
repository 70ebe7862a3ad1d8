"""Mail in, in reading order: storing, processing, senders, routing, appending, bounces, parked mail."""

from tickets.services.intake.storing import fingerprint_of, receive_raw

__all__ = ["fingerprint_of", "receive_raw"]
