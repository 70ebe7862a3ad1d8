"""Policies: the promised windows with their versions, and the steps taken when an answer stays away."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import ServicePlan
from escalation.choices import ClockKind, Whom
from escalation.models.calendar import Calendar
from escalation.models.duty import DutyRota
from tickets.choices import Priority


class Policy(models.Model):
    """A named promise. The default one serves every plan that has none of its own; it always exists."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    plan = models.OneToOneField(
        ServicePlan,
        models.PROTECT,
        related_name="policy",
        null=True,
        blank=True,
        verbose_name=_("service plan"),
    )
    is_default = models.BooleanField(_("default"), default=False)
    duty_rota = models.ForeignKey(
        DutyRota, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("duty rota for P0")
    )

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["-is_default", "name"]
        constraints = [
            models.UniqueConstraint(
                "is_default", condition=models.Q(is_default=True), name="one_default_policy"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """One state of a policy's windows; never edited. A clock keeps the version it started under."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions", verbose_name=_("policy"))
    number = models.PositiveIntegerField(_("version"))
    created_at = models.DateTimeField(_("in force since"))
    # How long a promise of resolution may stand still in all while we wait for the customer, in working time.
    pause_cap_minutes = models.PositiveIntegerField(_("longest pause in minutes"), default=3 * 24 * 60)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("changed by"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("policy version")
        verbose_name_plural = _("policy versions")
        ordering = ["policy", "-number"]
        constraints = [models.UniqueConstraint(fields=["policy", "number"], name="policy_version_once")]

    def __str__(self) -> str:
        return f"{self.policy} v{self.number}"


class PolicyTarget(models.Model):
    """The window of one kind of promise for one priority, in working minutes of its calendar."""

    version = models.ForeignKey(
        PolicyVersion, models.CASCADE, related_name="targets", verbose_name=_("policy version")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=ClockKind)
    priority = models.SmallIntegerField(_("priority"), choices=Priority)
    minutes = models.PositiveIntegerField(_("window in minutes"))
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="+", verbose_name=_("calendar"))

    class Meta:
        verbose_name = _("window")
        verbose_name_plural = _("windows")
        ordering = ["kind", "priority"]
        constraints = [
            models.UniqueConstraint(fields=["version", "kind", "priority"], name="policy_target_once"),
            models.CheckConstraint(condition=models.Q(minutes__gte=1), name="policy_target_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_priority_display()}"

    @property
    def is_of_contract(self) -> bool:
        """Not a row: a contract's own window, standing where the policy's would (services.terms)."""
        return self.pk is None


class EscalationStep(models.Model):
    """What happens when a share of the window has passed: 100 % is the due time, below it is a warning."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="steps", verbose_name=_("policy"))
    percent = models.PositiveIntegerField(_("percent of the window"))
    tell = models.JSONField(_("tell"), default=list)  # values of Whom
    reassign_to = models.CharField(
        _("reassign to"), max_length=20, blank=True,
        choices=[(whom.value, whom.label) for whom in (Whom.MANAGER, Whom.DUTY_MANAGER)],
    )  # fmt: skip

    class Meta:
        verbose_name = _("escalation step")
        verbose_name_plural = _("escalation steps")
        ordering = ["policy", "percent"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "percent"], name="escalation_step_once"),
            models.CheckConstraint(condition=models.Q(percent__gte=1), name="escalation_step_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.policy} {self.percent} %"
