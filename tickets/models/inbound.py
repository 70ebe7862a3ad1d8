"""Raw mail as it reached us, and what became of it."""

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.indexes import where_set
from customers.recorded_time_field import RecordedTimeField
from tickets.choices import IntakeState, ReceiptTime
from tickets.models.mailbox import Mailbox
from tickets.models.message import Message
from tickets.models.ticket import Ticket

# Tries after which a person looks at failed mail, though it is tried on: some minutes, as a window may be half an hour.
SEEN_AFTER = 3


class InboundEmailQuerySet(models.QuerySet["InboundEmail"]):
    def for_a_person(self) -> "InboundEmailQuerySet":
        """Held mail, and failed mail that has failed again and again or is not tried again by itself."""
        is_hopeless = models.Q(retry_at=None) | models.Q(attempts__gte=SEEN_AFTER)
        return self.filter(
            models.Q(state=IntakeState.PARKED) | models.Q(state=IntakeState.FAILED) & is_hopeless
        )

    def to_retry(self) -> "InboundEmailQuerySet":
        """Mail that has failed once or twice and is tried again by itself."""
        return self.filter(state=IntakeState.FAILED, retry_at__isnull=False, attempts__lt=SEEN_AFTER)


class InboundEmail(models.Model):
    """A raw mail, stored and committed before anything else happens to it. Its receipt time never changes."""

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="inbound", verbose_name=_("mailbox"))
    # Empty once it is moved to RawMail; ``original`` knows.
    raw = models.BinaryField(_("original"))
    is_moved = models.BooleanField(default=False, db_default=False, editable=False)
    size = models.PositiveIntegerField(_("size"))
    fingerprint = models.CharField(max_length=64)  # tickets.services.intake.fingerprint_of
    # ``raw`` of a duplicate keeps the headers only; its ticket is the first one's.
    copy_of = models.ForeignKey(
        "self", models.CASCADE, related_name="copies", null=True, blank=True,
        db_index=False, verbose_name=_("copy of"),
    )  # fmt: skip
    rfc_message_id = models.CharField(_("Message-ID"), max_length=998, blank=True)
    # Of mails with the same number only one is processed at a time (tickets.services.intake.sender_turns).
    turn = models.IntegerField(null=True, editable=False)
    via = models.CharField(_("received by"), max_length=10)
    envelope_from = models.CharField(_("envelope sender"), max_length=320, blank=True)
    envelope_to = models.JSONField(_("envelope recipients"), default=list)
    received_at = models.DateTimeField(_("received at"))
    receipt = models.CharField(
        _("receipt time from"),
        max_length=10,
        choices=ReceiptTime,
        default=ReceiptTime.SERVER,
        db_default=ReceiptTime.SERVER,
    )
    # From before the mailbox began, and imported: it promises nothing.
    is_history = models.BooleanField(_("imported"), default=False, db_default=False)
    stored_at = RecordedTimeField(_("stored at"))
    state = models.CharField(_("state"), max_length=10, choices=IntakeState, default=IntakeState.STORED)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    error = models.TextField(_("error"), blank=True)
    # The mail's kind (tickets.mail.classify.MailKind) and every sign of a machine that was seen, in English.
    kind = models.CharField(_("kind"), max_length=20, blank=True, default="", db_default="")
    signs: "models.JSONField[list[str], list[str]]" = models.JSONField(
        _("signs of a machine"), default=list, db_default=models.Value([], models.JSONField())
    )
    # What was mended, left out or cannot be read: tickets.mail.MailNote.
    notes: "models.JSONField[list[str], list[str]]" = models.JSONField(
        _("remarks on reading it"), default=list, db_default=models.Value([], models.JSONField())
    )
    # What our mail server found out about the sender: tickets.mail.authentication_results.
    authentication = models.CharField(
        _("checks of the sender"), max_length=100, blank=True, default="", db_default=""
    )
    # When a mail that failed by our fault is tried again by itself; without it a failed mail needs a person.
    retry_at = models.DateTimeField(_("next try"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    sender = models.CharField(_("sender"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=500, blank=True)
    ticket = models.ForeignKey(
        Ticket, models.SET_NULL, related_name="inbound", null=True, blank=True, verbose_name=_("ticket")
    )
    message = models.OneToOneField(
        Message, models.SET_NULL, related_name="inbound", null=True, blank=True, verbose_name=_("message")
    )

    objects = InboundEmailQuerySet.as_manager()

    class Meta:
        verbose_name = _("inbound email")
        verbose_name_plural = _("inbound emails")
        ordering = ["-received_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "fingerprint"],
                name="inbound_once_per_mailbox",
                condition=models.Q(copy_of__isnull=True),
            )
        ]
        indexes = [
            models.Index(fields=["-received_at"], name="inbound_received"),
            models.Index(
                fields=["received_at"], name="inbound_stored", condition=models.Q(state=IntakeState.STORED)
            ),  # tickets.tasks.process_stored
            models.Index(
                fields=["-received_at"],
                name="inbound_held",
                condition=models.Q(state__in=[IntakeState.PARKED, IntakeState.FAILED]),
            ),  # list of parked and failed mail, and its count on the board
            models.Index(
                fields=["retry_at"], name="inbound_to_retry", condition=models.Q(retry_at__isnull=False)
            ),  # tickets.tasks.process_stored
            models.Index(fields=["rfc_message_id"], name="inbound_message_id"),
            models.Index(
                fields=["stored_at"], name="inbound_to_move", condition=models.Q(is_moved=False)
            ),  # tickets.services.intake.raw_mails
            models.Index(
                fields=["state", "retry_at", "attempts", "ticket", "stored_at"], name="inbound_counts"
            ),  # what health and the board count, without a look at the rows
            where_set("copy_of", name="inbound_copy_of"),
        ]

    def __str__(self) -> str:
        return self.subject or self.rfc_message_id or str(self.pk)

    @property
    def original(self) -> bytes:
        """The mail as it reached us; empty if it was erased. One query if the bytes were moved."""
        raw = bytes(self.raw)
        if raw:
            return raw
        try:
            return self.moved_bytes.unpacked()
        except ObjectDoesNotExist:
            return b""
