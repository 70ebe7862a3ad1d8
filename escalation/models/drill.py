"""The fire drill: a marked P0 that runs the real chain to real people."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from escalation.choices import DrillEnding
from tickets.models import Ticket


class Drill(models.Model):
    """Changed by drills.drills only. Only one runs at a time."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="drill", verbose_name=_("ticket"))
    reason = models.CharField(_("reason"), max_length=300)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("started by")
    )
    started_at = models.DateTimeField(_("started at"))
    # The latest time at which the drill ends.
    ends_at = models.DateTimeField(_("ends at the latest"))
    until_acknowledged = models.BooleanField(_("ends when somebody acknowledges"), default=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("ended by"),
    )  # fmt: skip
    ending = models.CharField(_("how it ended"), max_length=15, choices=DrillEnding, blank=True)

    class Meta:
        verbose_name = _("fire drill")
        verbose_name_plural = _("fire drills")
        ordering = ["-started_at"]
        permissions = [("start_drill", _("Can start and end a fire drill"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None, ending="") | (Q(ended_at__isnull=False) & ~Q(ending="")),
                name="drill_ended_somehow",
            )
        ]
        indexes = [
            models.Index(fields=["ends_at"], name="drill_running", condition=Q(ended_at=None))
        ]  # drills.drills, each minute

    def __str__(self) -> str:
        return f"{self.ticket.number} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def is_running(self) -> bool:
        return self.ended_at is None
