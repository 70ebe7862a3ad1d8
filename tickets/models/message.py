"""Messages of a ticket and their attachments."""

import uuid
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from customers.indexes import where_set
from customers.models import Contact
from customers.public_domains import share_a_domain
from tickets.choices import Channel, MessageKind
from tickets.models.ticket import Ticket
from tickets.words_digest import SALT_BYTES, WORDS, digest_of, new_salt

BACKDATED_AFTER = timedelta(minutes=15)


class MessageQuerySet(models.QuerySet["Message"]):
    def responses(self) -> "MessageQuerySet":
        """Answers that count: written by a person, delivered as far as we know, and not voided by a lead."""
        by_kind = Q(kind=MessageKind.OUTBOUND) | Q(kind=MessageKind.CONTACT)
        return self.filter(by_kind, is_automatic=False, failed_at=None, voided_at=None)

    def written_since(self, moment: datetime | OuterRef | Subquery) -> "MessageQuerySet":
        """Written down, or sent again, since a moment (UTC): whoever wrote them could read what was here before it."""
        return self.filter(Q(at__gte=moment) | Q(created_at__gte=moment))

    def questions(self) -> "MessageQuerySet":
        """Messages of the customer that need an answer, including monitoring alarms."""
        return self.filter(kind=MessageKind.INBOUND, is_unconfirmed=False)

    def to_read_first(self, reader: int) -> "MessageQuerySet":
        """What somebody, by key, has to have read before they answer."""
        return self.filter(holds_answers_of(reader))


def holds_answers_of(reader: int) -> Q:
    """A condition on messages: what the customer wrote, and what others than the reader told the customer."""
    told = Q(kind__in=(MessageKind.OUTBOUND, MessageKind.CONTACT), author__isnull=False)
    return Q(kind=MessageKind.INBOUND) | (told & ~Q(author=reader))


class Message(models.Model):
    """One message: from the customer, to the customer, or among colleagues."""

    ticket = models.ForeignKey(
        Ticket, models.CASCADE, related_name="messages", db_index=False, verbose_name=_("ticket")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=MessageKind)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False, verbose_name=_("author"),
    )  # fmt: skip
    contact = models.ForeignKey(
        Contact, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("contact")
    )
    sender_name = models.CharField(_("sender name"), max_length=200, blank=True)
    sender_address = models.CharField(_("sender address"), max_length=320, blank=True)
    # Where answers go if not to the sender, and the no-reply address that the person wrote through.
    reply_to = models.CharField(_("answers go to"), max_length=320, blank=True, default="", db_default="")
    sent_through = models.CharField(_("sent through"), max_length=320, blank=True, default="", db_default="")
    # When our server received it, when a reply was sent, or when a contact took place.
    at = models.DateTimeField(_("time"))
    created_at = models.DateTimeField(_("recorded at"))
    body = models.TextField(_("text"), blank=True)
    quoted = models.TextField(_("quoted text"), blank=True)
    html = models.TextField(_("HTML, sanitised"), blank=True)
    reached = models.CharField(_("person reached"), max_length=200, blank=True)
    is_automatic = models.BooleanField(_("sent automatically"), default=False)
    is_unconfirmed = models.BooleanField(_("sender not verified"), default=False)
    rfc_message_id = models.CharField(_("Message-ID"), max_length=998, blank=True)
    failed_at = models.DateTimeField(_("not delivered"), null=True, blank=True)
    failure = models.TextField(_("reason for non-delivery"), blank=True)
    voided_at = models.DateTimeField(_("voided at"), null=True, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False, verbose_name=_("voided by"),
    )  # fmt: skip
    void_reason = models.TextField(_("reason for voiding"), blank=True)
    # Without it a digest of the words says nothing about them. Messages older than digests have none.
    salt = models.BinaryField(max_length=SALT_BYTES, default=new_salt, null=True, editable=False)
    # Who erased the words and the salt, and when; nobody if they had been kept for long enough. What rests on the
    # words still shows that they were there.
    erased_at = models.DateTimeField(_("words erased at"), null=True, blank=True, editable=False)
    erased_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False, editable=False, verbose_name=_("words erased by"),
    )  # fmt: skip
    erase_reason = models.TextField(
        _("reason for erasing"), blank=True, default="", db_default="", editable=False
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["at", "pk"]
        permissions = [
            ("void_response", _("Can void an answer that answered nothing")),
            ("erase_words", _("Can erase the words of a message for good")),
        ]
        indexes = [
            models.Index(fields=["ticket", "at"], name="message_ticket_at"),  # shows the conversation
            models.Index(fields=["rfc_message_id"], name="message_message_id"),  # finds the thread of a mail
            where_set("author", name="message_author"),
            where_set("voided_by", name="message_voided_by"),
            where_set("erased_by", name="message_erased_by"),
            where_set("erased_at", name="message_erased_at"),  # names the gaps of the proof
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"

    @property
    def words_digest(self) -> bytes | None:
        """Shows later that words and times are the same. None if they are erased or the message has no salt."""
        if not self.salt:
            return None
        times = (self.created_at, self.at if self.author_id is None else None)
        texts = [time.astimezone(UTC).isoformat() if time is not None else "" for time in times]
        return digest_of(bytes(self.salt), *(getattr(self, field) for field in WORDS), *texts)

    @property
    def answers_leave_the_company(self) -> bool:
        """True if answers go to a different company than the sender's, as far as the domains tell."""
        return bool(self.reply_to) and not share_a_domain(self.reply_to, self.sender_address)

    @property
    def is_backdated(self) -> bool:
        """True if somebody wrote it down after it happened; a mail is never backdated."""
        return self.author_id is not None and self.created_at - self.at > BACKDATED_AFTER


def opened_late(ticket: str = "pk", opened_at: str = "opened_at") -> Subquery:
    """For annotate(): the key of the message that opened the ticket if that was written down after it happened.

    Asked for each row that is shown. Of an EXISTS the planner may make a list of all such messages of the desk.
    """
    first = Message.objects.filter(ticket=OuterRef(ticket), at=OuterRef(opened_at), author__isnull=False)
    late = first.filter(created_at__gt=F("at") + BACKDATED_AFTER)
    return Subquery(late.order_by().values("pk")[:1])


def is_attached_mail(content_type: str, name: str) -> bool:
    return content_type in ("message/rfc822", "message/global") or name.lower().endswith(".eml")


ATTACHMENTS = "attachments"  # the folder of all files of messages


def attachment_path(attachment: "Attachment", name: str) -> str:
    """A random storage path that contains no part of the sender's file name."""
    token = uuid.uuid4().hex
    return f"{ATTACHMENTS}/{token[:2]}/{token}"


class Attachment(models.Model):
    """A file of a message. Its name is only displayed, never used as a path."""

    message = models.ForeignKey(
        Message, models.CASCADE, related_name="attachments", verbose_name=_("message")
    )
    file = models.FileField(_("file"), upload_to=attachment_path, max_length=200)
    name = models.CharField(_("file name"), max_length=255)
    content_type = models.CharField(_("content type"), max_length=150, default="application/octet-stream")
    size = models.PositiveIntegerField(_("size"))
    content_id = models.CharField(_("Content-ID"), max_length=255, blank=True)
    is_inline = models.BooleanField(_("shown inline"), default=False)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_mail(self) -> bool:
        """True if it is an email that the desk can open. Some programs attach one as a file without its type."""
        return is_attached_mail(self.content_type, self.name)
