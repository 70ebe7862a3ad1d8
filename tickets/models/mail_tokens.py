"""What the search knows of mails, incoming and outgoing. The queue writes it some minutes after a mail was stored."""

from django.db import models

from customers.search.column import TokensField
from tickets.models.inbound import InboundEmail
from tickets.models.outbound import OutboundEmail


class InboundTokens(models.Model):
    """Sender, subject, Message-ID of a mail, and what became of it."""

    mail = models.OneToOneField(InboundEmail, models.CASCADE, primary_key=True, related_name="tokens")
    tokens = TokensField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class OutboundTokens(models.Model):
    """Recipients, subject and Message-ID of a mail."""

    mail = models.OneToOneField(OutboundEmail, models.CASCADE, primary_key=True, related_name="tokens")
    tokens = TokensField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)
