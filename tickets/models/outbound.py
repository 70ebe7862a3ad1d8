"""The outbox: one row per mail, written in the transaction that causes it and delivered afterwards."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.choices import MailPurpose, OutboxState
from tickets.models.message import Message
from tickets.models.ticket import Ticket

WORK_LEFT = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.DEFERRED)


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
