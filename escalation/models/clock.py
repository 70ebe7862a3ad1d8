"""The clock: one promise on one ticket."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.indexes import where_set
from customers.models import Contract
from escalation.choices import ClockKind, ClockState
from escalation.models.calendar import Calendar
from escalation.models.contract_window import ContractWindow
from escalation.models.policy import PolicyVersion
from tickets.choices import Priority
from tickets.models import Message, Ticket


class ClockQuerySet(models.QuerySet["Clock"]):
    def open(self) -> "ClockQuerySet":
        """Clocks still owed: running, paused, or breached and not answered yet."""
        return self.filter(stopped_at=None)

    def real(self) -> "ClockQuerySet":
        """Leave out fire drills, which no figure counts. They are few: their keys are listed, no ticket is joined."""
        return self.exclude(ticket__in=Ticket.objects.filter(is_drill=True).order_by().values("pk"))

    def ticking(self) -> "ClockQuerySet":
        """Open and not paused clocks: those that the board orders by."""
        return self.open().exclude(state=ClockState.PAUSED)

    def step_due(self, now: datetime) -> "ClockQuerySet":
        """Clocks on which the sweep must act, P0 and oldest first."""
        return self.filter(stopped_at=None, next_step_at__lte=now).order_by("priority", "next_step_at", "pk")


class Clock(models.Model):
    """Started and stopped only by escalation.clocks.lifecycle, under the ticket's lock.

    ``breached_at`` equals ``due_at``; ``detected_at`` is when the desk noticed. ``next_step_at`` is when something
    must happen next (a warning, the due time, a step after it); empty if nothing is left to do.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="clocks", verbose_name=_("ticket"))
    kind = models.CharField(_("kind"), max_length=20, choices=ClockKind)
    state = models.CharField(_("state"), max_length=10, choices=ClockState, default=ClockState.RUNNING)
    priority = models.SmallIntegerField(_("priority"), choices=Priority)
    started_at = models.DateTimeField(_("started at"))
    due_at = models.DateTimeField(_("due at"))
    stopped_at = models.DateTimeField(_("stopped at"), null=True, blank=True)
    breached_at = models.DateTimeField(_("breached at"), null=True, blank=True)
    detected_at = models.DateTimeField(_("breach detected at"), null=True, blank=True)
    next_step_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Set while we wait for the customer: the due time is fixed when the clock resumes. Seconds of working time.
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    paused_seconds = models.PositiveIntegerField(_("seconds paused"), default=0)
    # When the priority was raised, if the window of the higher priority, counted from here, ends earlier.
    raised_at = models.DateTimeField(_("raised at"), null=True, blank=True)
    # The part of paused_seconds before the raise: it moved the earlier window, not the one counted from the raise.
    paused_before_raise = models.PositiveIntegerField(default=0, editable=False)

    # Acknowledged until this time: until then nobody else is paged. The promise runs on.
    held_until = models.DateTimeField(_("acknowledged until"), null=True, blank=True)
    # Since when there is nobody left to escalate to; the sweep tries again each minute.
    stranded_at = models.DateTimeField(_("chain ended since"), null=True, blank=True)

    # The terms promised at the start or at a raise; later edits of the policy do not change them.
    minutes = models.PositiveIntegerField(_("response time in minutes"))
    policy_version = models.ForeignKey(
        PolicyVersion, models.PROTECT, related_name="clocks", verbose_name=_("policy version")
    )
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="+", verbose_name=_("calendar"))
    calendar_version = models.PositiveIntegerField(_("calendar version"))
    contract = models.ForeignKey(
        Contract, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False, verbose_name=_("contract"),
    )  # fmt: skip
    # Empty if the policy's window applies. Has no index, as it is never looked up from the window's side.
    contract_window = models.ForeignKey(
        ContractWindow, models.PROTECT, related_name="+", null=True, blank=True, db_index=False,
        verbose_name=_("response time of the contract"),
    )  # fmt: skip

    # A lead's decision to excuse a broken promise; the raw outcome stays.
    waived_at = models.DateTimeField(_("waived at"), null=True, blank=True)
    waived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False, verbose_name=_("waived by"),
    )  # fmt: skip
    waive_reason = models.CharField(_("reason for waiving"), max_length=300, blank=True)
    # Until a second person has confirmed it, nothing is waived. The reason stands in the ledger.
    waiver_proposed_at = models.DateTimeField(_("waiver proposed at"), null=True, blank=True)
    waiver_proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False, verbose_name=_("waiver proposed by"),
    )  # fmt: skip

    # The evidence: the message that started the clock, and the one that answered it.
    started_by = models.ForeignKey(
        Message, models.PROTECT, related_name="started_clocks", null=True, blank=True,
        verbose_name=_("started by"),
    )  # fmt: skip
    answered_by = models.ForeignKey(
        Message, models.PROTECT, related_name="answered_clocks", null=True, blank=True,
        db_index=False, verbose_name=_("answered by"),
    )  # fmt: skip

    objects = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("SLA")
        verbose_name_plural = _("SLAs")
        ordering = ["due_at"]
        permissions = [("waive_clock", _("Can end an unanswered promise with a reason"))]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "kind"], condition=Q(stopped_at=None), name="one_open_clock_of_a_kind"
            ),
            models.CheckConstraint(condition=Q(due_at__gte=F("started_at")), name="clock_due_after_start"),
            models.CheckConstraint(
                condition=Q(breached_at=None) | Q(breached_at=F("due_at")),
                name="clock_breached_at_its_due_time",
            ),
        ]
        indexes = [
            where_set("contract", name="clock_contract"),
            where_set("waived_by", name="clock_waived_by"),
            where_set("waiver_proposed_by", name="clock_waiver_proposed_by"),
            where_set("answered_by", name="clock_answered_by"),
            models.Index(
                fields=["next_step_at"], name="clock_next_step", condition=Q(stopped_at=None)
            ),  # escalation.enforcement.sweep
            models.Index(fields=["due_at"], name="clock_open_due", condition=Q(stopped_at=None)),  # the board
            models.Index(
                fields=["stranded_at"],
                name="clock_stranded",
                condition=Q(stopped_at=None, stranded_at__isnull=False),
            ),  # the red board
            models.Index(
                fields=["detected_at"], name="clock_noticed", condition=Q(detected_at__isnull=False)
            ),  # escalation.enforcement.lag
            models.Index(fields=["started_at"], name="clock_started"),  # scorecards, weekly pack
            models.Index(fields=["due_at"], name="clock_due"),  # compliance of a week
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.due_at:%Y-%m-%d %H:%M} UTC"

    @property
    def window_starts_at(self) -> datetime:
        """The start of the window of ``minutes``, from which the percentages of the chain's steps are measured."""
        return self.raised_at or self.started_at

    @property
    def has_proposed_waiver(self) -> bool:
        return self.waiver_proposed_at is not None and self.waived_at is None

    @property
    def is_open(self) -> bool:
        return self.stopped_at is None
