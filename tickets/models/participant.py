"""The people beside the contact who take part in a ticket."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tickets.models.ticket import Ticket


class Participant(models.Model):
    """Somebody whom the customer copied, or whom we accepted: their words count, and answers go to them too."""

    ticket = models.ForeignKey(
        Ticket, models.CASCADE, related_name="participants", db_index=False, verbose_name=_("ticket")
    )
    name = models.CharField(_("name"), max_length=200, blank=True)
    address = models.CharField(_("email"), max_length=254)
    added_at = models.DateTimeField(_("added at"))

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("ticket", Lower("address"), name="participant_once_per_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address
