"""Seals of the ledger: each is a Merkle tree over the lines that were written since the one before it."""

from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from escalation.models.ledger import LedgerIsAppendOnly

HASH_BYTES = 32


class AppendOnly(models.Model):
    """Rows that are inserted once; triggers refuse everything else in the database itself."""

    class Meta:
        abstract = True

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LedgerIsAppendOnly("A seal of the ledger cannot be deleted.")


class Seal(AppendOnly):
    """``hash`` covers everything else here, the hash of the seal before included: a copy of it proves the ledger."""

    number = models.PositiveIntegerField(_("number"), primary_key=True)
    sealed_at = models.DateTimeField(_("sealed at"))
    lines = models.PositiveIntegerField(_("lines"))
    root = models.BinaryField(_("root of the tree"), max_length=HASH_BYTES)
    previous = models.BinaryField(max_length=HASH_BYTES)  # empty in the first seal
    hash = models.BinaryField("SHA-256", max_length=HASH_BYTES)
    # In the first seal, the number of the newest line that was written before lines had hashes.
    unlinked_until = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        ordering = ["-number"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.number} {bytes(self.hash).hex()[:16]}"


class SealedLine(AppendOnly):
    """A line that a seal covers. It has no foreign key: it stays when its line or clock is removed, and names both."""

    line = models.BigIntegerField(primary_key=True)
    clock = models.BigIntegerField()
    seal = models.ForeignKey(Seal, models.PROTECT, related_name="covered", db_index=False)
    position = models.PositiveIntegerField()  # of its leaf in the tree, from 0
    leaf = models.BinaryField(max_length=HASH_BYTES)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["seal", "position"], name="sealed_line_once")]

    def __str__(self) -> str:
        return str(self.line)
