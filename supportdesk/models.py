"""The models of this app: clusters of the task queue, mail listeners, and what signing in leaves behind."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

# Clusters and listeners report every ten seconds; after this long without a report one counts as gone.
GONE_AFTER = timedelta(seconds=60)


class Cluster(models.Model):
    """One running cluster; its row is deleted when the cluster is stopped in order.

    ``seen_at`` is the last report of its sentinel, ``worked_at`` the last time one of its tasks was completed: taken
    from the queue, done by a worker, acknowledged by the monitor. ``swept_at`` is the last sweep of its lane.
    """

    name = models.CharField(_("name"), max_length=90, primary_key=True)
    host = models.CharField(_("host"), max_length=64)
    started_at = models.DateTimeField(_("started at"))
    seen_at = models.DateTimeField(_("last seen"))
    worked_at = models.DateTimeField(_("last task done"), null=True, blank=True)
    swept_at = models.DateTimeField(_("last sweep"), null=True, blank=True)
    workers = models.PositiveSmallIntegerField(_("workers"), default=0)
    busy = models.PositiveSmallIntegerField(_("busy workers"), default=0)
    # A mark of the key that signs its tasks (supportdesk.processes.cluster.cluster_name.key_mark).
    key_mark = models.CharField(max_length=12, default="", editable=False)
    # Seconds by which the clock of its host is ahead of the database's; None where they are the same.
    clock_ahead = models.FloatField(null=True, editable=False)
    # Of the fullest disk of its machine.
    free_mb = models.PositiveIntegerField(_("free MB"), null=True, editable=False)

    class Meta:
        verbose_name = _("queue cluster")
        verbose_name_plural = _("queue clusters")
        ordering = ["host", "name"]

    def __str__(self) -> str:
        return self.name

    def is_alive(self, now: datetime) -> bool:
        """A report from the future, which was written while a clock was wrong, is no sign of life."""
        return abs(now - self.seen_at) <= GONE_AFTER


class MailListener(models.Model):
    """A running mail listener; its row is deleted when it is stopped in order.

    ``refused`` counts the mails that it had to refuse by a fault of ours since the last one that it took.
    """

    name = models.CharField(_("name"), max_length=90, primary_key=True)
    host = models.CharField(_("host"), max_length=64)
    seen_at = models.DateTimeField(_("last seen"))
    free_mb = models.PositiveIntegerField(_("free MB"), null=True)
    refused = models.PositiveIntegerField(_("email refused"), default=0)
    refused_at = models.DateTimeField(_("last refused"), null=True)
    answer = models.CharField(_("answer"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("email listener")
        verbose_name_plural = _("email listeners")
        ordering = ["host", "name"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    def is_alive(self, now: datetime) -> bool:
        return abs(now - self.seen_at) <= GONE_AFTER


class OneTimePassword(models.Model):
    """A user whose password the desk generated and nobody has changed yet."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", primary_key=True, verbose_name=_("user")
    )

    class Meta:
        verbose_name = _("one-time password")
        verbose_name_plural = _("one-time passwords")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user)


class Preferences(models.Model):
    """How somebody likes to use the pages. A user without a row uses them as they come."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", primary_key=True, verbose_name=_("user")
    )
    has_shortcuts = models.BooleanField(_("keyboard shortcuts"), default=True, db_default=True)

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user)


class SignInTries(models.Model):
    """How often a limit of sign-ins was tried since when; ``refused`` counts who came after it was used up."""

    key = models.CharField(max_length=64, primary_key=True)
    number = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("tries to sign in")
        verbose_name_plural = _("tries to sign in")
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


class SharedValue(models.Model):
    """What all processes remember for a while: supportdesk.accounts.shared_cache."""

    key = models.CharField(max_length=250, primary_key=True)
    value = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("shared value")
        verbose_name_plural = _("shared values")
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


class SignInMethod(models.TextChoices):
    """By what somebody showed who they are."""

    PASSWORD = "password", _("password")
    TOTP = "totp", _("password and code of an app")
    RECOVERY_CODE = "recovery_codes", _("password and recovery code")
    SECURITY_KEY = "webauthn", _("password and security key")
    PASSKEY = "passkey", _("passkey")
    SSO = "sso", _("single sign-on")
    LINK = "link", _("link in an email")


class SignInOutcome(models.TextChoices):
    SIGNED_IN = "in", _("signed in")
    WRONG = "wrong", _("wrong name or password")
    WRONG_CODE = "code", _("wrong second factor")
    TOO_MANY = "many", _("refused after too many tries")
    NO_ACCESS = "no access", _("refused: no access to the desk")
    NEW_PASSWORD = "new password", _("new password set")
    IDLE = "idle", _("signed out after a break")
    OVER = "over", _("signed out at the end of the day")
    ENDED = "ended", _("session ended by its owner")
    HELPED = "helped", _("second factor removed by an administrator")


class SignIn(models.Model):
    """One sign-in, or one that failed. Written once, never changed, and deleted only when its time is over.

    ``name`` is what was typed, ``device`` the number of the browser that its cookie keeps, ``agent`` what the browser
    says of itself.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, verbose_name=_("user")
    )
    name = models.CharField(_("typed name"), max_length=60)
    address = models.CharField(_("address"), max_length=45)
    device = models.CharField(max_length=32)
    agent = models.CharField(_("device"), max_length=200)
    method = models.CharField(_("method"), max_length=20, choices=SignInMethod)
    outcome = models.CharField(_("outcome"), max_length=20, choices=SignInOutcome)
    note = models.CharField(_("reason"), max_length=300, blank=True)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")
        ordering = ["-at"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-at"], name="signin_at"),  # the list, and what is too old
            models.Index(fields=["user", "-at"], name="signin_user"),  # one's own list
            models.Index(fields=["device", "user"], name="signin_device"),  # known devices
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.get_outcome_display()}"


class BrowserSession(models.Model):
    """Where somebody is signed in. Django's session ends it; this row only shows it, and goes when that is gone."""

    key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    address = models.CharField(max_length=45)
    device = models.CharField(max_length=32)
    agent = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user}, {self.address}"


class SignInRule(models.Model):
    """What signing in demands of the members of a group. For who is in several, the strictest of each counts."""

    group = models.OneToOneField(
        "auth.Group", models.CASCADE, related_name="sign_in_rule", primary_key=True, verbose_name=_("group")
    )
    needs_second_factor = models.BooleanField(
        _("second factor required"),
        default=False,
        help_text=_("Members without one are asked to set it up when they next sign in."),
    )
    idle_minutes = models.PositiveSmallIntegerField(
        _("minutes without activity until signed out"),
        null=True,
        blank=True,
        validators=[MinValueValidator(5)],
    )
    session_hours = models.PositiveSmallIntegerField(
        _("hours until signed out in any case"), null=True, blank=True, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = _("sign-in rule")
        verbose_name_plural = _("sign-in rules")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.group)


class ErasedKind(models.TextChoices):
    CONTACT = "contact", _("contact")
    CUSTOMER = "customer", _("customer")


class ErasureRequest(models.TextChoices):
    """Who asked for it. Not by name: the name is what has to go."""

    PERSON = "person", _("the person")
    CUSTOMER = "customer", _("the customer")
    AUTHORITY = "authority", _("an authority")
    DESK = "desk", _("we ourselves")


class Erasure(models.Model):
    """Personal data of a contact or customer (``number`` is its key) that was or is being erased.

    ``traces``, ``stage`` and ``after`` are what the task needs to go on wherever it was stopped; once it is done, the
    traces are gone too. ``counts`` are what was erased.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=ErasedKind)
    number = models.PositiveBigIntegerField(_("number"))
    requested_by = models.CharField(_("asked for by"), max_length=10, choices=ErasureRequest)
    reason = models.CharField(_("reason"), max_length=300)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("erased by")
    )
    at = models.DateTimeField(_("time"))
    though_open = models.BooleanField(_("despite open tickets"), default=False)
    counts: "models.JSONField[dict[str, int], dict[str, int]]" = models.JSONField(_("erased"), default=dict)
    traces = models.JSONField(default=dict, editable=False)
    stage = models.CharField(max_length=20, editable=False)
    after = models.CharField(max_length=100, default="", editable=False)
    done_at = models.DateTimeField(_("completed at"), null=True, editable=False)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ["-at"]
        default_permissions = ("view",)
        permissions = [
            ("erase_people", _("Can erase the personal data of contacts and customers")),
            ("export_people", _("Can export the personal data of contacts and customers")),
        ]
        constraints = [models.UniqueConstraint(fields=["kind", "number", "at"], name="erasure_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"
