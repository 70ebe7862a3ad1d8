"""The desk itself: one row that names the people of last resort."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Desk(models.Model):
    """Exactly one row: who owns unknown senders' tickets, and who is the last person of every escalation."""

    intake_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("intake owner"),
    )  # fmt: skip
    duty_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("duty manager"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("desk")
        verbose_name_plural = _("desk")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_desk")]

    def __str__(self) -> str:
        return str(_("Desk settings"))
