"""Enumerations of the escalation app."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ClockKind(models.TextChoices):
    FIRST_RESPONSE = "first_response", _("First response")
    NEXT_RESPONSE = "next_response", _("Next response")
    UPDATE = "update", _("Update")
    RESOLUTION = "resolution", _("Resolution")


# Every policy promises these; updates and resolution are promised only where a policy says so.
RESPONSE_KINDS = (ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE)


class ClockState(models.TextChoices):
    """``BREACHED`` is final for the promise but, until ``stopped_at`` is set, the customer still waits.

    Only a promise of resolution is paused, while we wait for the customer.
    """

    RUNNING = "running", pgettext_lazy("promise", "Running")
    PAUSED = "paused", pgettext_lazy("promise", "Paused")
    MET = "met", pgettext_lazy("promise", "Met")
    BREACHED = "breached", pgettext_lazy("promise", "Breached")
    CANCELLED = "cancelled", pgettext_lazy("promise", "Cancelled")


class ClockChange(models.TextChoices):
    """The kind of change that a ledger line records."""

    STARTED = "started", _("Started")
    MET = "met", _("Met")
    BREACHED = "breached", _("Breached")
    ANSWERED_LATE = "answered_late", _("Done after the breach")
    REVOKED = "revoked", _("Reply revoked, running again from its start")
    RETARGETED = "retargeted", _("Due time changed")
    HANDED_OVER = "handed_over", _("Owner changed")
    CANCELLED = "cancelled", _("Cancelled")
    PAUSED = "paused", _("Paused")
    RESUMED = "resumed", _("Resumed")
    WAIVED = "waived", _("Waived")
    WAIVER_PROPOSED = "waiver_proposed", _("Waiver proposed")
    WAIVER_REFUSED = "waiver_refused", _("Waiver not granted")
    MERGED = "merged", _("Moved by a merge")
    BEGUN_EARLIER = "begun_earlier", _("Begun earlier, by an older message")
    STEP = "step", _("Escalation step")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")


class Whom(models.TextChoices):
    """The role that a step addresses; the person is looked up when the step fires."""

    HOLDER = "holder", _("the owner")
    PREVIOUS_HOLDER = "previous_holder", _("the previous owner")
    ACCOUNT_MANAGER = "account_manager", _("the account manager")
    BACKUP = "backup", _("the backup account manager")
    MANAGER = "manager", _("the owner's manager")
    MANAGERS_MANAGER = "managers_manager", _("the manager of the owner's manager")
    DUTY_PERSON = "duty_person", _("the person on duty")
    DUTY_MANAGER = "duty_manager", _("the duty manager")
    PERSON = "person", _("a named person")
    ROTA_GROUP = "rota_group", _("the group of the duty rota")
    CUSTOMER_GROUP = "customer_group", _("the customer's tech group")


class Medium(models.TextChoices):
    """A medium by which a notification reaches a person; a step lists those it uses, in order."""

    MAIL = "mail", pgettext_lazy("medium", "Email")
    CHAT = "chat", pgettext_lazy("medium", "Chat message")
    SMS = "sms", pgettext_lazy("medium", "SMS")
    VOICE = "voice", pgettext_lazy("medium", "Phone call")
    WEBHOOK = "webhook", pgettext_lazy("medium", "Webhook")


class Way(models.TextChoices):
    """A way to answer a customer that a tier promises; the first four are those of tickets.choices.Channel."""

    EMAIL = "email", pgettext_lazy("served through", "Ticket or email")
    PHONE = "phone", pgettext_lazy("served through", "Phone")
    GROUP = "group", pgettext_lazy("served through", "Dedicated tech group")
    CHAT = "chat", pgettext_lazy("served through", "Online chat")
    ACCOUNT_MANAGER = "account_manager", pgettext_lazy("served through", "Account manager")


class NotificationState(models.TextChoices):
    """The state of a notification, which is written with the fact it reports and sent after the commit."""

    PENDING = "pending", pgettext_lazy("notification", "To be sent")
    SENT = "sent", pgettext_lazy("notification", "Sent")
    FAILED = "failed", pgettext_lazy("notification", "Could not be sent")


class AttemptOutcome(models.TextChoices):
    """The outcome of one attempt; a mail is on its way until the mail server has answered."""

    QUEUED = "queued", pgettext_lazy("attempt", "On its way")
    ACCEPTED = "accepted", pgettext_lazy("attempt", "Accepted")
    REFUSED = "refused", pgettext_lazy("attempt", "Refused")
    TIMED_OUT = "timed_out", pgettext_lazy("attempt", "Timed out")


class AcknowledgedBy(models.TextChoices):
    """How somebody acknowledged."""

    PAGE = "page", _("on the ticket page")
    BOARD = "board", _("on the board")
    LINK = "link", _("by the link in a notification")
    TAKE_OVER = "take_over", _("by taking over the ticket")
    EMAIL = "email", _("by answering a notification")


class NoticeKind(models.TextChoices):
    """The event that a notification reports."""

    REMINDER = "reminder", _("SLA reminder")
    ESCALATED_TO_YOU = "escalated_to_you", _("Escalated to you")
    ESCALATED_FROM_YOU = "escalated_from_you", _("Escalated past you")
    ESCALATED = "escalated", _("Escalated")
    TAKEN_OVER = "taken_over", _("Taken over by a colleague")
    NEW_TICKET = "new_ticket", _("New ticket for you")
    PAGED = "paged", _("New P0")
    PROPOSED = "proposed", _("P0 proposed, writer unknown")
    MORE_PROPOSED = "more_proposed", _("More P0s of this customer")
    CUSTOMER_WROTE = "customer_wrote", _("The customer wrote")
    RESPONSE_FAILED = "response_failed", _("Your reply was not delivered")
    RESPONSE_VOIDED = "response_voided", _("Your reply was voided")
    WAIVER_PROPOSED = "waiver_proposed", _("A waiver needs you")
    WAIVER_CONFIRMED = "waiver_confirmed", _("Your waiver was confirmed")
    WAIVER_REFUSED = "waiver_refused", _("Your waiver was refused")
    NOBODY_LEFT = "nobody_left", _("Escalation chain ended, nobody left")
    AWAY_TO_YOU = "away_to_you", _("Yours while a colleague is away")
    LEFT_TO_YOU = "left_to_you", _("Yours since a colleague left")
    SOMEBODY_LEFT = "somebody_left", _("A colleague left: customers and shifts need somebody")
    NOBODY_STANDS_IN = "nobody_stands_in", _("Away or left, and no deputy")
    BACK = "back", _("Returned from leave")
    TAKEN_BACK = "taken_back", _("Back with its previous owner")
    UNREACHED = "unreached", _("Somebody could not be reached")
    SENT_FOR_YOU = "sent_for_you", _("Your reply was sent")
    KEPT_AS_NOTE = "kept_as_note", _("Your email was kept as a note")
    ACKNOWLEDGED = "acknowledged", _("You acknowledged by email")
    NOT_ACKNOWLEDGED = "not_acknowledged", _("Nothing to acknowledge")
    UNVERIFIED = "unverified", _("An email in your name was not verified")
    MAILBOX_STOPPED = "mailbox_stopped", _("Email is not being fetched")
    MAILBOX_RECOVERED = "mailbox_recovered", _("Email is fetched again")


class DrillEnding(models.TextChoices):
    """What ended a drill."""

    ANSWERED = "answered", pgettext_lazy("end of a drill", "Replied")
    ACKNOWLEDGED = "acknowledged", pgettext_lazy("end of a drill", "Acknowledged")
    BY_HAND = "by_hand", pgettext_lazy("end of a drill", "Ended by hand")
    CHAIN_OVER = "chain_over", pgettext_lazy("end of a drill", "The chain came to its end")
    TIME = "time", pgettext_lazy("end of a drill", "Its time was up")
