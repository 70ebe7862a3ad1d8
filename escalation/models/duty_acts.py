"""Changes that people make to a rota, hand-overs that were mailed, and links of calendar feeds."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.names import name_of
from escalation.models.duty import DutyRota
from tickets.models import OutboundEmail


class DutySwap(models.Model):
    """Two people exchanged shifts; the overrides that do it refer to this row."""

    rota = models.ForeignKey(DutyRota, models.CASCADE, related_name="swaps", verbose_name=_("duty rota"))
    reason = models.CharField(_("reason"), max_length=300)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("created by")
    )
    made_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("swap")
        verbose_name_plural = _("swaps")
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.rota} {localtime(self.made_at):%Y-%m-%d %H:%M}"


class DutyOverride(models.Model):
    """Somebody put on duty instead of the person the layers name. Kept for ever, even if withdrawn."""

    rota = models.ForeignKey(DutyRota, models.CASCADE, related_name="overrides", verbose_name=_("duty rota"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("on duty")
    )
    starts_at = models.DateTimeField(pgettext_lazy("time", "from"))
    ends_at = models.DateTimeField(pgettext_lazy("time", "to"))
    reason = models.CharField(_("reason"), max_length=300)
    swap = models.ForeignKey(
        DutySwap, models.CASCADE, related_name="overrides", null=True, blank=True, verbose_name=_("swap")
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("created by")
    )
    made_at = models.DateTimeField(_("created at"))
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("withdrawn by"),
    )  # fmt: skip
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("override")
        verbose_name_plural = _("overrides and swaps")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="duty_override_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return f"{name_of(self.user)} {localtime(self.starts_at):%Y-%m-%d %H:%M}"

    def is_live(self, at: datetime) -> bool:
        """True if it can still be withdrawn."""
        return self.withdrawn_at is None and self.ends_at > at


class DutyHandover(models.Model):
    """A change of the person on duty that both people were mailed about, once: see the constraint."""

    rota = models.ForeignKey(DutyRota, models.CASCADE, related_name="handovers", verbose_name=_("duty rota"))
    changed_at = models.DateTimeField(_("shift change"))
    outgoing = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        verbose_name=pgettext_lazy("person", "from"),
    )
    incoming = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=pgettext_lazy("person", "to")
    )
    told_at = models.DateTimeField(_("notified at"))
    outgoing_mail = models.OneToOneField(
        OutboundEmail, models.SET_NULL, related_name="+", null=True, blank=True, verbose_name=_("email")
    )
    incoming_mail = models.OneToOneField(
        OutboundEmail, models.SET_NULL, related_name="+", null=True, blank=True, verbose_name=_("email")
    )

    class Meta:
        verbose_name = _("handover")
        verbose_name_plural = _("handovers")
        ordering = ["-changed_at"]
        constraints = [models.UniqueConstraint(fields=["rota", "changed_at"], name="duty_handover_told_once")]

    def __str__(self) -> str:
        return f"{self.rota} {localtime(self.changed_at):%Y-%m-%d %H:%M}"


class DutyFeed(models.Model):
    """The link to somebody's shifts as a calendar. A new secret invalidates every older link."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="duty_feed", verbose_name=_("user")
    )
    secret = models.CharField(_("secret"), max_length=64)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("calendar link")
        verbose_name_plural = _("calendar links")

    def __str__(self) -> str:
        return str(self.user)
