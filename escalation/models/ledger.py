"""The ledger: one line for every change of a clock, appended and never changed."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.indexes import where_set
from escalation.choices import ClockChange, ClockState
from escalation.lib.desk_reasons import in_readers_words
from escalation.models.clock import Clock
from tickets.models import Message


class LedgerIsAppendOnly(TypeError):
    """Somebody tried to change or delete a line of the ledger."""


class ClockEventQuerySet(models.QuerySet["ClockEvent"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise LedgerIsAppendOnly("A line of the ledger cannot be changed.")

    def delete(self) -> NoReturn:
        raise LedgerIsAppendOnly("A line of the ledger cannot be deleted.")

    def with_messages(self) -> "ClockEventQuerySet":
        """Load each line's message without its texts, just enough to tell whether it was recorded later."""
        return self.select_related("message").defer("message__body", "message__quoted", "message__html")


class ClockEvent(models.Model):
    """``at`` is when the change took effect, ``recorded_at`` when the desk wrote it down."""

    clock = models.ForeignKey(Clock, models.PROTECT, related_name="events", verbose_name=_("SLA"))
    change = models.CharField(_("change"), max_length=20, choices=ClockChange)
    at = models.DateTimeField(_("time"))
    recorded_at = models.DateTimeField(_("recorded at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False, verbose_name=_("actor"),
    )  # fmt: skip
    # The owner of the ticket after this change: a breach belongs to the person who held the ticket.
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("owner then")
    )
    message = models.ForeignKey(
        Message, models.PROTECT, related_name="+", null=True, blank=True, db_index=False,
        verbose_name=_("message"),
    )  # fmt: skip
    state_before = models.CharField(_("state before"), max_length=10, choices=ClockState, blank=True)
    state_after = models.CharField(_("state after"), max_length=10, choices=ClockState)
    due_before = models.DateTimeField(_("due before"), null=True, blank=True)
    due_after = models.DateTimeField(_("due after"))
    cause = models.CharField(_("cause"), max_length=300, blank=True)
    data: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(_("data"), default=dict)
    # The salted digest of the message's words, and the hash over this line and the one before it on its clock.
    # Lines that were written before there were hashes have neither.
    words = models.BinaryField(max_length=32, null=True, editable=False)
    hash = models.BinaryField(max_length=32, null=True, editable=False)

    objects = ClockEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger line")
        verbose_name_plural = _("ledger")
        ordering = ["pk"]
        indexes = [
            where_set("actor", name="clockevent_actor"),
            where_set("message", name="clockevent_message"),
        ]

    def __str__(self) -> str:
        return f"{self.get_change_display()} {self.at:%Y-%m-%d %H:%M} UTC"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise LedgerIsAppendOnly("A line of the ledger cannot be changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LedgerIsAppendOnly("A line of the ledger cannot be deleted.")

    @property
    def why(self) -> str:
        """The cause, in the reader's language if the desk itself gave it."""
        return in_readers_words(self.cause, by_person=self.actor_id is not None)

    @property
    def is_backdated(self) -> bool:
        """True if the line's time is that of a contact which was recorded later. Reads the message."""
        return self.message is not None and self.at == self.message.at and self.message.is_backdated
