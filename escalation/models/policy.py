"""Policies: the promised windows with their versions, and the steps taken while nobody answers."""

from collections.abc import Sequence
from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import Contract, ServicePlan
from escalation.choices import ClockKind, Medium, Way, Whom
from escalation.models.calendar import Calendar
from escalation.models.contract_window import ContractWindow
from escalation.models.duty import DutyRota
from tickets.choices import Priority

REASSIGNABLE = (
    Whom.MANAGER,
    Whom.MANAGERS_MANAGER,
    Whom.DUTY_PERSON,
    Whom.DUTY_MANAGER,
    Whom.ACCOUNT_MANAGER,
    Whom.BACKUP,
    Whom.PERSON,
)


class StepTime(NamedTuple):
    """The time of a step as defined in the window: a percentage, or minutes from the due time."""

    percent: int | None = None
    minutes_from_due: int | None = None


class Policy(models.Model):
    """A named set of promises. The default one serves every plan without a policy of its own; it always exists."""

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
    """One version of a policy's windows; never edited. A clock keeps the version it started under."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions", verbose_name=_("policy"))
    number = models.PositiveIntegerField(_("version"))
    created_at = models.DateTimeField(_("in force since"))
    # The longest total time, in working time, that a promise of resolution may be paused while we wait for the
    # customer.
    pause_cap_minutes = models.PositiveIntegerField(_("longest pause in minutes"), default=3 * 24 * 60)
    # The ways to answer that each priority promises: values of Way by priority. Read by `ways`.
    channels = models.JSONField(_("channels covered"), default=dict, blank=True)
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

    def ways(self, priority: int) -> tuple[Way, ...]:
        """The ways to answer that a promise of this priority includes."""
        return tuple(map(Way, self.channels.get(str(priority), ())))


class PolicyTarget(models.Model):
    """The window of one kind of promise for one priority, in working minutes of its calendar."""

    version = models.ForeignKey(
        PolicyVersion, models.CASCADE, related_name="targets", verbose_name=_("policy version")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=ClockKind)
    priority = models.SmallIntegerField(_("priority"), choices=Priority)
    minutes = models.PositiveIntegerField(_("response time in minutes"))
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="+", verbose_name=_("calendar"))

    class Meta:
        verbose_name = _("response time")
        verbose_name_plural = _("response times")
        ordering = ["kind", "priority"]
        constraints = [
            models.UniqueConstraint(fields=["version", "kind", "priority"], name="policy_target_once"),
            models.CheckConstraint(condition=models.Q(minutes__gte=1), name="policy_target_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_priority_display()}"

    # The contract's own window in place of the policy's; this instance is then not a saved row (policies.terms).
    own: ContractWindow | None = None
    # The times of its chain's first steps, if policies.book handed it out; the first of them is never too late.
    first_steps: Sequence[StepTime] | None = None


def mail_only() -> list[str]:
    return [Medium.MAIL.value]


class EscalationStepQuerySet(models.QuerySet["EscalationStep"]):
    def current(self) -> "EscalationStepQuerySet":
        """Steps in force: not retired."""
        return self.filter(retired_at=None)


class EscalationStep(models.Model):
    """What happens at a moment of the window while nobody answers; belongs to a policy or to one contract.

    The moment is a percentage of the window (0 the start, 100 the due time, below it a warning) or minutes from the
    due time. Rows are never edited: chains.editing retires them and adds new ones, so that escalations keep the
    wording they fired with.
    """

    policy = models.ForeignKey(
        Policy, models.CASCADE, related_name="steps", null=True, blank=True, verbose_name=_("policy")
    )
    contract = models.ForeignKey(
        Contract, models.CASCADE, related_name="steps", null=True, blank=True, verbose_name=_("contract")
    )
    highest_priority = models.SmallIntegerField(_("from priority"), choices=Priority, default=Priority.P0)
    lowest_priority = models.SmallIntegerField(_("to priority"), choices=Priority, default=Priority.P3)
    percent = models.PositiveIntegerField(_("percent of the response time"), null=True, blank=True)
    minutes_from_due = models.IntegerField(_("minutes from the due time"), null=True, blank=True)

    tell = models.JSONField(_("notify"), default=list)  # values of Whom
    reassign_to = models.CharField(
        _("reassign to"), max_length=20, blank=True,
        choices=[(whom.value, whom.label) for whom in REASSIGNABLE],
    )  # fmt: skip
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("named person"),
    )  # fmt: skip
    rota = models.ForeignKey(
        DutyRota, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("duty rota")
    )  # the rota to page; empty for the policy's
    channels = models.JSONField(_("channels"), default=mail_only)  # values of Medium, in order

    # How long an acknowledgement stops the paging, and how long we wait for a required acknowledgement.
    ack_minutes = models.PositiveIntegerField(_("acknowledgement time limit in minutes"), default=15)
    ack_required = models.BooleanField(_("acknowledgement required"), default=False)
    repeat_minutes = models.PositiveIntegerField(_("repeat after minutes"), null=True, blank=True)
    repeat_cap = models.PositiveIntegerField(_("repeats at most"), null=True, blank=True)

    # Empty for steps that have existed from the beginning.
    created_at = models.DateTimeField(_("in force since"), null=True, editable=False)
    retired_at = models.DateTimeField(_("in force until"), null=True, blank=True, editable=False)
    # Empty for the steps the desk comes with, and until a person retires it.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, editable=False,
        verbose_name=_("changed by"),
    )  # fmt: skip
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, editable=False,
        verbose_name=_("ended by"),
    )  # fmt: skip

    objects = EscalationStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("escalation step")
        verbose_name_plural = _("escalation steps")
        ordering = ["policy", "percent", "minutes_from_due", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(policy=None, contract__isnull=False) | Q(policy__isnull=False, contract=None),
                name="escalation_step_of_one_chain",
            ),
            models.CheckConstraint(
                condition=Q(percent=None, minutes_from_due__isnull=False)
                | Q(percent__isnull=False, minutes_from_due=None),
                name="escalation_step_at_one_moment",
            ),
            models.CheckConstraint(
                condition=Q(highest_priority__lte=F("lowest_priority")), name="escalation_step_priorities"
            ),
            models.CheckConstraint(condition=Q(ack_minutes__gte=1), name="escalation_step_time_out"),
            models.CheckConstraint(
                condition=Q(repeat_minutes=None) | Q(repeat_minutes__gte=1), name="escalation_step_repeat"
            ),
        ]

    def __str__(self) -> str:
        return self.when

    @property
    def when(self) -> str:
        """Its moment in words: `50%`, `15 min before due`."""
        if self.percent is not None:
            return f"{self.percent}%"
        minutes = self.minutes_from_due or 0
        if minutes == 0:
            return str(_("at the due time"))
        words = _("%(minutes)s min before due") if minutes < 0 else _("%(minutes)s min after due")
        return words % {"minutes": abs(minutes)}

    def serves(self, priority: int) -> bool:
        return self.highest_priority <= priority <= self.lowest_priority
