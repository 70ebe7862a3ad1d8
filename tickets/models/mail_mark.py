"""Marks that people put on a mail: a person wrote it, or it was automatic."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.indexes import where_set
from tickets.models.message import Message


class MailMark(models.Model):
    """Applies to mails of this sender and shape (tickets.mail.shapes) until withdrawn or replaced by a newer mark."""

    sender = models.CharField(_("sender"), max_length=320)  # in lower case
    shape = models.CharField(max_length=64, editable=False)
    is_automatic = models.BooleanField(_("automatic"))
    message = models.ForeignKey(Message, models.CASCADE, related_name="marks", verbose_name=_("message"))
    subject = models.CharField(_("subject"), max_length=500, blank=True)
    made_at = models.DateTimeField(_("marked at"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("marked by"),
    )
    taken_back_at = models.DateTimeField(_("taken back at"), null=True, blank=True)
    taken_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False, verbose_name=_("taken back by"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("remembered email")
        verbose_name_plural = _("remembered emails")
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["sender", "shape"],
                condition=models.Q(taken_back_at=None),
                name="one_mark_of_a_sender_and_shape",
            )
        ]
        indexes = [
            models.Index(fields=["-made_at"], name="mail_mark_made"),
            where_set("made_by", name="mail_mark_made_by"),
            where_set("taken_back_by", name="mail_mark_taken_back_by"),
        ]

    def __str__(self) -> str:
        return f"{self.sender}: {self.subject}"
