"""Mailboxes: the addresses that customers write to, and the IMAP account behind each."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.choices import Language
from customers.encrypted_field import EncryptedTextField
from tickets.choices import Priority


class MailProtocol(models.TextChoices):
    IMAP = "imap", "IMAP"
    POP3 = "pop3", "POP3"


class MailSecurity(models.TextChoices):
    TLS = "tls", _("TLS")
    STARTTLS = "starttls", _("STARTTLS")
    NONE = "none", _("none (loopback only)")


class MailLogin(models.TextChoices):
    PASSWORD = "password", _("password")
    REFRESH_TOKEN = "refresh", _("OAuth 2: refresh token")
    CLIENT = "client", _("OAuth 2: client credentials")


LONGEST_FOLDER = 200
# Fields that are stored encrypted, and never shown.
SECRETS = ("password", "client_secret", "refresh_token", "access_token")


# Those of them that a login needs; an access token can be had anew.
LOGIN_SECRETS = {
    MailLogin.PASSWORD: ("password",),
    MailLogin.REFRESH_TOKEN: ("client_secret", "refresh_token"),
    MailLogin.CLIENT: ("client_secret",),
}


class AfterFetch(models.TextChoices):
    """What the fetch does on the server with a mail that is stored and committed here."""

    FLAG = "flag", _("mark as read")
    MOVE = "move", _("move to a folder")
    DELETE = "delete", _("delete")
    LEAVE = "leave", _("leave as it is")


class Mailbox(models.Model):
    """An address of the desk. Without a host it receives by LMTP, SMTP or pipe only."""

    name = models.CharField(_("name"), max_length=100)
    address = models.EmailField(_("address"), max_length=254)
    is_active = models.BooleanField(pgettext_lazy("in use", "active"), default=True)
    default_priority = models.SmallIntegerField(
        _("priority of new tickets"), choices=Priority, default=Priority.P2
    )
    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.ENGLISH)

    authentication_server = models.CharField(
        _("authentication server"),
        max_length=253,
        blank=True,
        help_text=_(
            "The first word of the Authentication-Results that your mail server adds; only these count. Empty: any "
            "server at or below the mail server or the domain of the address."
        ),
    )

    protocol = models.CharField(
        _("protocol"), max_length=10, choices=MailProtocol, default=MailProtocol.IMAP,
        db_default=MailProtocol.IMAP,
    )  # fmt: skip
    host = models.CharField(_("mail server"), max_length=253, blank=True)
    port = models.PositiveIntegerField(_("port"), default=993)
    security = models.CharField(_("security"), max_length=10, choices=MailSecurity, default=MailSecurity.TLS)
    login = models.CharField(_("login by"), max_length=10, choices=MailLogin, default=MailLogin.PASSWORD)
    username = models.CharField(_("user name"), max_length=254, blank=True)
    password = EncryptedTextField(_("password"), max_length=4000, blank=True, null=True)
    # Where an access token comes from, for a login by OAuth 2 (tickets.services.access_tokens).
    token_url = models.CharField(_("token address"), max_length=500, blank=True, default="", db_default="")
    client_id = models.CharField(_("client ID"), max_length=255, blank=True, default="", db_default="")
    client_secret = EncryptedTextField(_("client secret"), blank=True, null=True)
    refresh_token = EncryptedTextField(_("refresh token"), blank=True, null=True)
    scope = models.CharField(_("scope"), max_length=500, blank=True, default="", db_default="")
    access_token = EncryptedTextField(null=True, editable=False)
    access_token_until = models.DateTimeField(null=True, editable=False)
    token_claimed_until = models.DateTimeField(null=True, editable=False)
    after_fetch = models.CharField(
        _("after storing"), max_length=10, choices=AfterFetch, default=AfterFetch.FLAG
    )
    move_to = models.CharField(_("move to"), max_length=200, blank=True)

    # The import of mail from before the folders began: what was asked for, by whom, and how far it is.
    import_since = models.DateTimeField(
        _("imports email received since"), null=True, blank=True, editable=False
    )
    import_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True,
        editable=False, verbose_name=_("imported by"),
    )  # fmt: skip
    import_begun_at = models.DateTimeField(null=True, blank=True, editable=False)
    import_ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    imported = models.PositiveIntegerField(_("imported"), default=0, db_default=0, editable=False)
    locked_until = models.DateTimeField(null=True, blank=True, editable=False)
    retry_at = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    fetched_at = models.DateTimeField(_("last fetch"), null=True, blank=True, editable=False)
    error = models.TextField(_("last error"), blank=True, editable=False)
    # Since when something is wrong, and when the operators were told (tickets.services.mailbox_alarms).
    trouble_since = models.DateTimeField(null=True, editable=False)
    alarmed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("address"), name="mailbox_address_unique")]

    def __str__(self) -> str:
        return self.address

    @property
    def secrets(self) -> list[str]:
        """What no sentence and no log may contain."""
        return [secret for name in SECRETS if (secret := getattr(self, name))]

    @property
    def has_token_login(self) -> bool:
        return self.login != MailLogin.PASSWORD

    @property
    def is_polled(self) -> bool:
        return self.is_active and bool(self.host)


class MailboxFolder(models.Model):
    """A folder that is fetched, and where its last fetch stopped. A mailbox with a host has at least one."""

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="folders", verbose_name=_("mailbox"))
    name = models.CharField(_("folder"), max_length=LONGEST_FOLDER, default="INBOX")
    # Mail that the server received before this time is old and is never fetched automatically.
    begins_at = models.DateTimeField(_("fetches email received since"), db_default=Now())
    # While a folder is read from its beginning, mail with a lower UID may be old.
    history_below = models.BigIntegerField(default=0, db_default=0)
    # If UIDVALIDITY changes, read everything again (RFC 9051, 2.3.1.1).
    uid_validity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0, db_default=0)
    # The mail at which the connection broke, and how many times in a row.
    stuck_uid = models.BigIntegerField(null=True)
    stuck_breaks = models.PositiveSmallIntegerField(default=0, db_default=0)
    # How far the import of older mail is; None while there is nothing to import.
    import_until = models.DateTimeField(null=True)
    import_validity = models.BigIntegerField(null=True)
    import_uid = models.BigIntegerField(default=0, db_default=0)
    error = models.TextField(_("last error"), blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("folder")
        verbose_name_plural = _("folders")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "name"], name="mailbox_folder_once"),
        ]

    def __str__(self) -> str:
        return self.name


class SeenUidl(models.Model):
    """A mail of a POP3 mailbox that needs no further look. Forgotten when it is gone from its server."""

    folder = models.ForeignKey(MailboxFolder, models.CASCADE, related_name="seen", verbose_name=_("folder"))
    uidl = models.CharField(max_length=255)
    is_whole = models.BooleanField(default=True)  # stored whole; otherwise it is never deleted on its server

    class Meta:
        verbose_name = _("email seen by POP3")
        verbose_name_plural = _("emails seen by POP3")
        constraints = [models.UniqueConstraint(fields=["folder", "uidl"], name="seen_uidl_once")]

    def __str__(self) -> str:
        return self.uidl
