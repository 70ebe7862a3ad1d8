"""Enumerations of the tickets app."""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Priority(models.IntegerChoices):
    """The tier of the promise; a smaller number is more urgent."""

    P0 = 0, _("P0 Urgent")
    P1 = 1, _("P1 High")
    P2 = 2, _("P2 Medium")
    P3 = 3, _("P3 Low")


class Status(models.TextChoices):
    NEW = "new", pgettext_lazy("ticket status", "New")
    OPEN = "open", pgettext_lazy("ticket status", "Open")
    WAITING = "waiting", pgettext_lazy("ticket status", "Waiting on the customer")
    RESOLVED = "resolved", pgettext_lazy("ticket status", "Resolved")
    CLOSED = "closed", pgettext_lazy("ticket status", "Closed")


ACTIVE_STATUSES = (Status.NEW, Status.OPEN, Status.WAITING)


class Channel(models.TextChoices):
    """How something reached us or was said."""

    EMAIL = "email", pgettext_lazy("channel", "Email")
    PHONE = "phone", _("Phone call")
    GROUP = "group", _("Tech group")
    CHAT = "chat", _("Online chat")


class MessageKind(models.TextChoices):
    INBOUND = "inbound", _("From the customer")
    OUTBOUND = "outbound", _("Reply")
    NOTE = "note", _("Internal note")
    CONTACT = "contact", _("Logged contact")
    AUTOMATIC = "automatic", _("Automatic reply")


class IntakeState(models.TextChoices):
    """What became of a raw mail."""

    STORED = "stored", _("Stored, not yet processed")
    PROCESSED = "processed", _("Processed")
    PARKED = "parked", _("Held")
    FAILED = "failed", _("Failed")
    DISMISSED = "dismissed", _("Dismissed")


class RulePriority(models.TextChoices):
    """What an email rule does with its priority."""

    PROPOSE = "propose", _("propose: it applies until somebody confirms or lowers it")
    SET = "set", _("set")


class ProposalReach(models.TextChoices):
    """How far a proposed priority goes before somebody decides about it."""

    PAGES = "pages", _("applies, and pages for a P0")
    JOINS = "joins", _("applies, and joins a digest, as the customer's first one paged")
    RUNS = "runs", _("applies without a page, as an alarm wrote it")
    SHOWN = "shown", _("is only shown, as its writer is not known")


class FileKind(models.TextChoices):
    """Kinds of attachments that an email rule tells apart."""

    IMAGE = "image", _("image")
    RECORDING = "recording", _("audio or video")
    DOCUMENT = "document", _("document")
    ARCHIVE = "archive", _("archive")
    TEXT = "text", _("text or log")
    MAIL = "mail", _("attached email")


class OutboxState(models.TextChoices):
    QUEUED = "queued", pgettext_lazy("mail", "Queued")
    SENDING = "sending", _("Sending")
    ACCEPTED = "accepted", _("Accepted by the server")
    DEFERRED = "deferred", _("Deferred, will be retried")
    FAILED = "failed", _("Failed")
    BOUNCED = "bounced", _("Bounced")


class RecipientState(models.TextChoices):
    """How far a mail got to one of its recipients. What happened after a server took it, nobody knows."""

    WAITING = "waiting", pgettext_lazy("recipient", "waiting to be sent")
    ACCEPTED = "accepted", pgettext_lazy("recipient", "accepted by the mail server")
    DEFERRED = "deferred", pgettext_lazy("recipient", "deferred by the mail server")
    DELAYED = "delayed", pgettext_lazy("recipient", "delayed on the way")
    FAILED = "failed", pgettext_lazy("recipient", "refused by the mail server")
    BOUNCED = "bounced", pgettext_lazy("recipient", "bounced")
    # By a report that did not come to the signed address, as anybody can write one: a person decides.
    REPORTED = "reported", pgettext_lazy("recipient", "bounced, as an unproven report says")


class MailPurpose(models.TextChoices):
    """Why a mail leaves the desk."""

    REPLY = "reply", _("Reply")
    ACKNOWLEDGEMENT = "acknowledgement", _("Acknowledgement")
    NOTIFICATION = "notification", _("Notification")
    EXPORT = "export", _("Weekly pack")


class ReceiptTime(models.TextChoices):
    """Where the receipt time of a mail comes from."""

    SERVER = "server", _("our mail server")
    RECEIVED_LINE = "received", _("the topmost Received line, as the server has no date")
    FETCH = "fetch", _("the moment of fetching, as the server has no date")


class Fact(models.TextChoices):
    """What happened, as a line of the ticket's timeline."""

    OPENED = "opened", _("Created")
    IMPORTED = "imported", _("Imported from before the mailbox began")
    OWNER = "owner", _("Owner changed")
    CUSTOMER = "customer", _("Customer named")
    STATUS = "status", _("Status changed")
    PRIORITY = "priority", _("Priority changed")
    CUSTOMER_WROTE = "customer_wrote", _("The customer wrote")
    STAFF_RESPONDED = "staff_responded", _("Replied")
    NOTED = "noted", _("Note added")
    RULES = "rules", _("Rules applied")
    PROPOSED = "proposed", _("Priority proposed")
    CONFIRMED = "confirmed", _("Proposed priority confirmed")
    REJECTED = "rejected", _("Proposed priority rejected")
    ACKNOWLEDGED = "acknowledged", _("Acknowledgement sent")
    RESPONSE_FAILED = "response_failed", _("A reply was not delivered")
    RESPONSE_VOIDED = "response_voided", _("A reply was voided")
    AUTOMATIC = "automatic", _("Automatic email received")
    SENDER_ACCEPTED = "sender_accepted", _("Sender accepted")
    BY_A_PERSON = "by_a_person", _("Marked as written by a person")
    BY_A_MACHINE = "by_a_machine", _("Marked as automatic")
    PROMISE = "promise", _("SLA")
    ESCALATED = "escalated", _("Escalated")
    TAKEN = "taken", _("Acknowledged")
    MERGED = "merged", _("Merged")
    TAGS = "tags", _("Tags changed")
    WORDS_ERASED = "words_erased", _("Words of a message erased")


class OwnerRule(models.TextChoices):
    """The rule that chose a ticket's owner, shown on its timeline."""

    ACCOUNT_MANAGER = "account_manager", _("account manager of the customer")
    BACKUP = "backup", _("backup, as the account manager is away")
    TEAM = "team", _("team member with the skill and the fewest tickets")
    INTAKE = "intake", _("the desk's intake owner")
    DUTY_MANAGER = "duty_manager", _("the duty manager")
    ADMINISTRATOR = "administrator", _("an administrator, as nobody else is set")
    ON_DUTY = "on_duty", _("the person on duty for P0")
    BY_HAND = "by_hand", _("chosen manually")
    TAKE_OVER = "take_over", _("taken over")
    MAIL_RULE = "mail_rule", _("an email rule")
    ESCALATION = "escalation", _("escalation")
    ABSENCE = "absence", _("the owner is away")
    DEPARTURE = "departure", _("the owner can no longer open tickets")


class ColleagueMail(StrEnum):
    """What became of a colleague's mail to a ticket."""

    SENT = "sent"
    KEPT = "kept"
    ACKNOWLEDGED = "acknowledged"
    UNVERIFIED = "unverified"
