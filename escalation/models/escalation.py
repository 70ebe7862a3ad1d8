"""Escalations (one firing of one step on one clock), and the notifications about them."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.indexes import where_set
from customers.models import Customer
from customers.names import name_of
from customers.work_ids import LONGEST, current_work_id
from escalation.choices import AcknowledgedBy, NoticeKind, NotificationState
from escalation.models.clock import Clock
from escalation.models.duty import DutyRota
from escalation.models.policy import EscalationStep, mail_only
from tickets.models import OutboundEmail, Ticket


class Escalation(models.Model):
    """One firing; without a step, somebody escalated by hand.

    The constraint makes each round of a step fire only once on a clock, even if sweeps overlap or a task runs twice.
    Rounds after the first are its repeats, or new tries while nobody is left.
    """

    # The index of the constraint below begins with this column and serves it.
    clock = models.ForeignKey(
        Clock, models.CASCADE, related_name="escalations", db_index=False, verbose_name=_("SLA")
    )
    step = models.ForeignKey(
        EscalationStep, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("step")
    )
    round = models.PositiveIntegerField(_("repeat"), default=0)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False, verbose_name=_("escalated by"),
    )  # fmt: skip
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    due_at = models.DateTimeField(_("step due at"))
    fired_at = models.DateTimeField(_("executed at"))
    from_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=pgettext_lazy("person", "from"),
    )
    # Empty for a step that only notifies.
    to_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="escalations_received", null=True, blank=True,
        verbose_name=pgettext_lazy("person", "to"),
    )  # fmt: skip
    # The people considered for the new owner, in order: [{"user": id, "why": Route}]
    route = models.JSONField(_("lookup path"), default=list)

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        ordering = ["-fired_at"]
        constraints = [
            models.UniqueConstraint(fields=["clock", "step", "round"], name="step_fires_once_on_a_clock")
        ]
        indexes = [
            models.Index(fields=["-fired_at"], name="escalation_fired"),
            where_set("by", name="escalation_by"),
        ]

    def __str__(self) -> str:
        return f"{self.clock} · {self.step or self.reason}"


class Acknowledgement(models.Model):
    """Somebody acknowledged: nobody else is paged until ``until``, and the promise runs on."""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="acknowledgements", verbose_name=_("SLA"))
    # The escalation it answers; empty if somebody acknowledged before any fired.
    escalation = models.ForeignKey(
        Escalation, models.CASCADE, related_name="acknowledgements", null=True, blank=True,
        verbose_name=_("escalation"),
    )  # fmt: skip
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person")
    )
    at = models.DateTimeField(_("time"))
    until = models.DateTimeField(_("no paging until"))
    by = models.CharField(_("how"), max_length=10, choices=AcknowledgedBy)

    class Meta:
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["escalation", "user"], name="acknowledged_once_by_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.clock} · {name_of(self.user)}"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def to_send(self, now: datetime) -> "NotificationQuerySet":
        """Notifications that the dispatcher must send now, urgent and oldest first."""
        return self.filter(state=NotificationState.PENDING, next_try_at__lte=now).order_by(
            "-is_urgent", "next_try_at", "pk"
        )


class Notification(models.Model):
    """A notice to one person or group, written with the fact it reports; notifications.dispatch sends it later.

    ``channels`` are the media it may take, in order; the text is rendered when it is sent. While a worker has
    it, ``next_try_at`` is the end of the worker's lease.
    """

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications", null=True, blank=True,
        db_index=False, verbose_name=_("recipient"),
    )  # fmt: skip
    # Instead of a person: the group chat of a duty rota, or the tech group of a customer.
    rota = models.ForeignKey(
        DutyRota, models.CASCADE, related_name="notifications", null=True, blank=True,
        db_index=False, verbose_name=_("duty rota"),
    )  # fmt: skip
    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="notifications", null=True, blank=True,
        db_index=False, verbose_name=_("customer"),
    )  # fmt: skip
    kind = models.CharField(_("kind"), max_length=20, choices=NoticeKind)
    ticket = models.ForeignKey(
        Ticket, models.CASCADE, related_name="notifications", null=True, blank=True, verbose_name=_("ticket")
    )
    clock = models.ForeignKey(
        Clock, models.CASCADE, related_name="notifications", null=True, blank=True, verbose_name=_("SLA")
    )
    escalation = models.ForeignKey(
        Escalation, models.CASCADE, related_name="notifications", null=True, blank=True,
        verbose_name=_("escalation"),
    )  # fmt: skip
    other = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True,
        verbose_name=_("person named"),
    )  # fmt: skip
    detail = models.TextField(_("detail"), blank=True)
    channels = models.JSONField(_("channels"), default=mail_only)  # values of Medium
    # For P0 and P1: people's quiet hours are ignored.
    is_urgent = models.BooleanField(_("urgent"), default=False)
    state = models.CharField(
        _("state"), max_length=10, choices=NotificationState, default=NotificationState.PENDING
    )
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    # Several notifications may share the mail of a digest.
    mail = models.ForeignKey(
        OutboundEmail,
        models.SET_NULL,
        related_name="notifications",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("email"),
    )
    created_at = models.DateTimeField(_("created at"))
    work_id = models.CharField(max_length=LONGEST, default=current_work_id, db_default="", editable=False)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["recipient", "-created_at"], name="notification_recipient"),
            models.Index(fields=["-created_at", "-id"], name="notification_created"),  # the list
            where_set("rota", "sent_at", name="notification_rota"),  # notifications.digests
            where_set("customer", "sent_at", name="notification_customer"),
            where_set("mail", name="notification_mail"),
            models.Index(
                fields=["next_try_at"],
                name="notification_to_send",
                condition=models.Q(state=NotificationState.PENDING),
            ),  # notifications.dispatch
            models.Index(
                fields=["recipient", "sent_at"],
                name="notification_sent_lately",
                condition=models.Q(sent_at__isnull=False),
            ),  # notifications.digests
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(recipient__isnull=False, rota=None, customer=None)
                | models.Q(recipient=None, rota__isnull=False, customer=None)
                | models.Q(recipient=None, rota=None, customer__isnull=False),
                name="notification_to_one",
            )
        ]

    def __str__(self) -> str:
        whom = name_of(self.recipient) if self.recipient else self.rota or self.customer
        return f"{self.get_kind_display()} · {whom}"
