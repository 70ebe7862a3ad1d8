"""Who has a ticket's page open, and who is writing there."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models.ticket import Ticket


class Presence(models.Model):
    """One person on one ticket's page: last there at ``seen_at``, last writing at ``writing_at``.

    The row says nothing once it is some seconds old; housekeeping deletes it. No foreign key holds it, as inserting
    one would lock the ticket and so keep the sweep from it.
    """

    ticket = models.ForeignKey(
        Ticket, models.CASCADE, related_name="presences", db_index=False, db_constraint=False,
        verbose_name=_("ticket"),
    )  # fmt: skip
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_constraint=False,
        verbose_name=_("user"),
    )  # fmt: skip
    seen_at = models.DateTimeField(_("last on the page"))
    writing_at = models.DateTimeField(_("last writing"), null=True)

    class Meta:
        verbose_name = _("presence on a ticket")
        verbose_name_plural = _("presences on tickets")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="presence_once_per_ticket")]

    def __str__(self) -> str:
        return f"{self.user}, {self.ticket}"
