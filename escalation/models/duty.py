"""Duty rotas: who is on duty when."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.choices import validate_zone


class DutyRota(models.Model):
    """A list of shifts, shown in its own zone."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Asia/Shanghai", validators=[validate_zone]
    )

    class Meta:
        verbose_name = _("duty rota")
        verbose_name_plural = _("duty rotas")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class DutyShift(models.Model):
    """One person's duty, half open: from ``starts_at`` until just before ``ends_at``."""

    rota = models.ForeignKey(DutyRota, models.CASCADE, related_name="shifts", verbose_name=_("duty rota"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="duty_shifts", verbose_name=_("on duty")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["starts_at"]
        indexes = [
            models.Index(fields=["rota", "ends_at", "starts_at"], name="shift_now")
        ]  # services.duty.on_duty
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="shift_ends_after_start",
                violation_error_message=_("The shift ends before it begins."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.starts_at:%Y-%m-%d %H:%M}"
