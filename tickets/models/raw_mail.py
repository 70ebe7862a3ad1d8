"""The bytes of mails that were brought to their tickets, apart from what is counted and listed each minute."""

from __future__ import annotations

import zlib

from django.db import models

from tickets.models.inbound import InboundEmail

# Compressed bytes are kept if they are this much smaller.
PAYS = 0.9


class RawMail(models.Model):
    """The raw mail of one row, compressed where that pays. tickets.services.intake.raw_mails moves it here."""

    mail = models.OneToOneField(InboundEmail, models.CASCADE, primary_key=True, related_name="moved_bytes")
    data = models.BinaryField()
    is_packed = models.BooleanField()

    class Meta:
        default_permissions = ()  # only the desk itself works with them

    def __str__(self) -> str:
        return str(self.mail_id)

    @classmethod
    def of(cls, mail: InboundEmail) -> RawMail:
        raw = bytes(mail.raw)
        packed = zlib.compress(raw)
        pays = len(packed) <= PAYS * len(raw)
        return cls(mail=mail, data=packed if pays else raw, is_packed=pays)

    def unpacked(self) -> bytes:
        return zlib.decompress(self.data) if self.is_packed else bytes(self.data)
