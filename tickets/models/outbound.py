"""The outbox: one row per mail, written in the transaction that causes it and delivered afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.work_ids import LONGEST, current_work_id
from tickets.choices import MailPurpose, OutboxState, RecipientState
from tickets.models.message import Message
from tickets.models.ticket import Ticket

WORK_LEFT = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.DEFERRED)
# To a recipient in one of these, the mail has still to be sent.
TO_SEND = (RecipientState.WAITING, RecipientState.DEFERRED)
UNREACHED = (RecipientState.FAILED, RecipientState.BOUNCED)
# What is known of the recipients of a mail whose row does not tell, by the state of the mail.
_OF_ALL = {
    OutboxState.DEFERRED: RecipientState.DEFERRED,
    OutboxState.ACCEPTED: RecipientState.ACCEPTED,
    OutboxState.FAILED: RecipientState.FAILED,
    OutboxState.BOUNCED: RecipientState.BOUNCED,
}


@dataclass(frozen=True)
class RecipientOutcome:
    """How far a mail got to one recipient, since when, and in which words of a server. ``status`` is as in RFC 3463."""

    address: str
    state: RecipientState = RecipientState.WAITING
    at: datetime | None = None
    answer: str = ""
    status: str = ""
    is_signed: bool = False  # its envelope sender named mail and recipient: tickets.mail.bounce_addresses

    @property
    def is_to_send(self) -> bool:
        return self.state in TO_SEND

    @property
    def is_unreached(self) -> bool:
        return self.state in UNREACHED

    @property
    def label(self) -> str:
        return str(self.state.label)

    def as_json(self) -> dict[str, Any]:
        """What the row keeps, by the address."""
        at = self.at.isoformat() if self.at else None
        return {
            "state": self.state.value,
            "at": at,
            "answer": self.answer,
            "status": self.status,
            "signed": self.is_signed,
        }

    @classmethod
    def from_json(cls, address: str, stored: dict[str, Any]) -> RecipientOutcome:
        return cls(
            address=address,
            state=RecipientState(stored["state"]),
            at=datetime.fromisoformat(stored["at"]) if stored["at"] else None,
            answer=stored["answer"],
            status=stored["status"],
            is_signed=stored["signed"],
        )


class OutboundEmail(models.Model):
    """A mail and how far it got: queued, sending (with a lease), accepted, deferred, failed, bounced."""

    purpose = models.CharField(_("purpose"), max_length=20, choices=MailPurpose)
    ticket = models.ForeignKey(
        Ticket, models.CASCADE, related_name="outbound", null=True, blank=True, verbose_name=_("ticket")
    )
    message = models.OneToOneField(
        Message, models.CASCADE, related_name="outbound", null=True, blank=True, verbose_name=_("message")
    )
    rfc_message_id = models.CharField(_("Message-ID"), max_length=255, unique=True)
    sender = models.CharField(pgettext_lazy("mail", "from"), max_length=320)
    recipients = models.JSONField(pgettext_lazy("mail", "to"), default=list)
    copies = models.JSONField(_("copies"), default=list)
    subject = models.CharField(_("subject"), max_length=998)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"), blank=True)
    headers = models.JSONField(_("other headers"), default=dict)
    # Files attached besides those of the message, in the default storage: [{"name":, "path":, "type":}]
    files = models.JSONField(_("files"), default=list)

    state = models.CharField(_("state"), max_length=10, choices=OutboxState, default=OutboxState.QUEUED)
    created_at = models.DateTimeField(_("queued at"))
    next_try_at = models.DateTimeField(_("next try"))
    leased_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    answer = models.TextField(_("server response"), blank=True)
    work_id = models.CharField(max_length=LONGEST, default=current_work_id, db_default="", editable=False)
    # How far the mail got to each recipient, by address: RecipientOutcome. Empty until something is known.
    outcomes = models.JSONField(
        _("state per recipient"), default=dict, db_default=models.Value({}, models.JSONField())
    )

    class Meta:
        verbose_name = _("outgoing email")
        verbose_name_plural = _("outgoing emails")
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="outbound_due", condition=models.Q(state__in=WORK_LEFT)
            ),  # tickets.services.outgoing.delivery.claim_next
            models.Index(
                fields=["purpose", "next_try_at"],
                name="outbound_due_by_purpose",
                condition=models.Q(state__in=WORK_LEFT),
            ),  # the same, customers' first
            models.Index(fields=["-created_at"], name="outbound_created"),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def addressees(self) -> list[str]:
        """Everybody it goes to, in the order in which it is sent."""
        return [*self.recipients, *self.copies]

    @property
    def recipient_outcomes(self) -> Sequence[RecipientOutcome]:
        return [self.outcome_of(address) for address in self.addressees]

    @property
    def has_unreached(self) -> bool:
        return any(outcome.is_unreached for outcome in self.recipient_outcomes)

    @property
    def has_reported(self) -> bool:
        """True if a person has to decide whether to believe a bounce."""
        return any(outcome.state == RecipientState.REPORTED for outcome in self.recipient_outcomes)

    def outcome_of(self, address: str) -> RecipientOutcome:
        """How far the mail got to a recipient; as far as the whole mail if the row does not tell."""
        stored = self.outcomes.get(address)
        if stored is not None:
            return RecipientOutcome.from_json(address, stored)
        state = _OF_ALL.get(OutboxState(self.state), RecipientState.WAITING)
        return RecipientOutcome(address, state, self.accepted_at, self.answer)

    def keep_outcome(self, outcome: RecipientOutcome) -> None:
        """Set what became of one recipient; the caller has locked the row and saves it."""
        if not self.outcomes:
            self.outcomes = {known.address: known.as_json() for known in self.recipient_outcomes}
        self.outcomes[outcome.address] = outcome.as_json()
