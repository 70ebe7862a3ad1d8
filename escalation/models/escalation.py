"""Escalations (one firing of one step on one clock) and the notifications that tell people."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from escalation.choices import NoticeKind
from escalation.models.clock import Clock
from escalation.models.policy import EscalationStep
from tickets.models import OutboundEmail, Ticket


class Escalation(models.Model):
    """The constraint makes a step fire once on a clock, whatever overlaps or is delivered twice."""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="escalations", verbose_name=_("promise"))
    step = models.ForeignKey(EscalationStep, models.PROTECT, related_name="+", verbose_name=_("step"))
    due_at = models.DateTimeField(_("step due at"))
    fired_at = models.DateTimeField(_("fired at"))
    from_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("from")
    )
    # Empty for a step that only tells.
    to_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="escalations_received", null=True, blank=True,
        verbose_name=_("to"),
    )  # fmt: skip
    # How the new owner was found, person by person: [{"user": id, "why": Route}]
    route = models.JSONField(_("route"), default=list)

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        ordering = ["-fired_at"]
        constraints = [models.UniqueConstraint(fields=["clock", "step"], name="step_fires_once_on_a_clock")]
        indexes = [models.Index(fields=["-fired_at"], name="escalation_fired")]

    def __str__(self) -> str:
        return f"{self.clock} · {self.step}"


class Notification(models.Model):
    """One person told one thing. Its way is that of its outbox row."""

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications", verbose_name=_("recipient")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=NoticeKind)
    ticket = models.ForeignKey(
        Ticket, models.CASCADE, related_name="notifications", null=True, blank=True, verbose_name=_("ticket")
    )
    clock = models.ForeignKey(
        Clock, models.CASCADE, related_name="notifications", null=True, blank=True, verbose_name=_("promise")
    )
    escalation = models.ForeignKey(
        Escalation, models.CASCADE, related_name="notifications", null=True, blank=True,
        verbose_name=_("escalation"),
    )  # fmt: skip
    mail = models.OneToOneField(
        OutboundEmail,
        models.SET_NULL,
        related_name="notification",
        null=True,
        blank=True,
        verbose_name=_("mail"),
    )
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["recipient", "-created_at"], name="notification_recipient")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.recipient}"
