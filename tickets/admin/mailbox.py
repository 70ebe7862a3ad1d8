"""The admin of mailboxes. A secret is never shown; a field that is left blank keeps the stored one."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin, messages
from django.core.validators import URLValidator
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from customers import time_of_record
from customers.admin.base import LONGEST_TEXT
from customers.admin.edit_stamp import EditStampField, refuse_stale, shown_values, stamp_of
from customers.admin.secret_field import SecretField, is_stored, mark_stored, secret_to_store
from tickets.admin.mailbox_import import ImportPage
from tickets.admin.mailbox_test import ConnectionTestPage
from tickets.mailbox_problem_text import problem_in_words
from tickets.models import Mailbox
from tickets.models.mailbox import (
    LOGIN_SECRETS,
    LONGEST_FOLDER,
    SECRETS,
    AfterFetch,
    MailLogin,
    MailProtocol,
    MailSecurity,
)
from tickets.services.fetching import fetch_mailbox
from tickets.services.mailbox_folders import set_folders

FETCH_FOR = timedelta(seconds=10)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SERVER = {"host", "port", "security"}
ACCOUNT = {*SERVER, "username", "login", "token_url", "client_id", "client_secret", "refresh_token", "scope"}
# Which fields say where a secret, or a token that is given for it, is sent.
SENT_TO = {
    "password": SERVER,
    "client_secret": {*SERVER, "token_url"},
    "refresh_token": {*SERVER, "token_url"},
}


class MailboxForm(forms.ModelForm):
    folders = forms.CharField(
        label=_("Folders"),
        required=False,
        initial="INBOX",
        max_length=LONGEST_TEXT,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("One per line, as the server names them. Usually only INBOX."),
    )
    password = SecretField(_("Password"))
    stamp = EditStampField()
    also_changed: tuple[str, ...] = ()  # fields of the row that the form changes besides its own
    client_secret = SecretField(_("Client secret"))
    refresh_token = SecretField(_("Refresh token"))

    class Meta:
        model = Mailbox
        fields = "__all__"  # noqa: DJ007  # the admin's fieldsets choose
        help_texts = {
            "port": _("Usually 993 by IMAP and 995 by POP3, with TLS."),
            "token_url": _(
                "Microsoft: https://login.microsoftonline.com/TENANT/oauth2/v2.0/token, "
                "Google: https://oauth2.googleapis.com/token"
            ),
            "scope": _(
                "For a refresh token usually blank. Client credentials of Microsoft: "
                "https://outlook.office365.com/.default"
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mark_stored(self)
        if self.instance.pk and self.instance.host:
            self.initial["folders"] = "\n".join(folder.name for folder in self.instance.folders.all())
        if self.instance.pk:
            self.initial["stamp"] = self._stamp()

    def _stamp(self) -> str:
        """Without the refresh token, which a fetch may replace at any time."""
        names = {name for name in self.fields if hasattr(Mailbox, name)} - {"folders", "refresh_token"}
        return stamp_of({**shown_values(self.instance, names), "folders": self.initial.get("folders")})

    def clean_folders(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["folders"].splitlines()]
        names = list(dict.fromkeys(line for line in lines if line)) or ["INBOX"]
        if max(map(len, names)) > LONGEST_FOLDER:
            raise forms.ValidationError(_("The name of a folder is too long."))
        return names

    def clean_password(self) -> str | None:
        return secret_to_store(self, "password")

    def clean_client_secret(self) -> str | None:
        return secret_to_store(self, "client_secret")

    def clean_refresh_token(self) -> str | None:
        return secret_to_store(self, "refresh_token")

    def clean_token_url(self) -> str:
        url: str = self.cleaned_data["token_url"].strip()
        if url:
            URLValidator(schemes=["https", "http"])(url)
        if url.startswith("http:") and urlsplit(url).hostname not in LOOPBACK:
            raise forms.ValidationError(_("Without encryption the secrets could be read in transit."))
        return url

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        refuse_stale(given.get("stamp", ""), self.initial.get("stamp", ""))
        host = given.get("host", "")
        if host and not given.get("username"):
            self.add_error("username", _("Enter the account that reads this mailbox on the mail server."))
        if given.get("protocol") == MailProtocol.POP3:
            self._refuse_what_pop3_lacks(given)
        elif given.get("after_fetch") == AfterFetch.MOVE:
            self._require_another_folder(given)
        if ACCOUNT & set(self.changed_data):  # the token we have is for another account
            self.instance.access_token = self.instance.access_token_until = None
            self.also_changed += ("access_token", "access_token_until")
        self._keep_secrets_to_their_servers(given)
        if given.get("login", MailLogin.PASSWORD) != MailLogin.PASSWORD:
            self._require_token_fields(given)
        if given.get("security") == MailSecurity.NONE and host and host not in LOOPBACK:
            self.add_error("security", _("Without encryption the password could be read in transit."))
        return given

    def _keep_secrets_to_their_servers(self, given: dict[str, Any]) -> None:
        """A secret that was entered for other servers must be typed again; where none is needed, it is dropped."""
        for name, fields in SENT_TO.items():
            if (
                name in self.changed_data
                or not is_stored(getattr(self.instance, name))
                or not fields & set(self.changed_data)
            ):
                continue
            given[name] = None
            self.also_changed += (name,)
            if given.get("host") and name in LOGIN_SECRETS[given.get("login", MailLogin.PASSWORD)]:
                self.add_error(name, _("Enter it again: the stored one was entered for another server."))

    def _refuse_what_pop3_lacks(self, given: dict[str, Any]) -> None:
        given["folders"] = ["INBOX"]
        if given.get("after_fetch") not in (AfterFetch.LEAVE, AfterFetch.DELETE):
            self.add_error("after_fetch", _("By POP3 email can only be left as it is, or deleted."))
        if given.get("login", MailLogin.PASSWORD) != MailLogin.PASSWORD:
            self.add_error("login", _("By POP3 the desk logs in with a password. Choose IMAP for OAuth 2."))

    def _require_another_folder(self, given: dict[str, Any]) -> None:
        if not given.get("move_to"):
            self.add_error("move_to", _("Enter the folder to move stored email to."))
        elif given["move_to"] in given.get("folders", ()):
            self.add_error("move_to", _("Email would be fetched from there again. Choose another folder."))

    def _require_token_fields(self, given: dict[str, Any]) -> None:
        by_refresh_token = given["login"] == MailLogin.REFRESH_TOKEN
        for name in ("token_url", "client_id", "refresh_token" if by_refresh_token else "client_secret"):
            if name not in self.errors and not is_stored(given.get(name)):
                self.add_error(name, _("OAuth 2 needs this."))
        if not by_refresh_token and not given.get("scope"):
            self.add_error("scope", _("Client credentials need a scope."))


@admin.register(Mailbox)
class MailboxAdmin(ConnectionTestPage, ImportPage):
    form = MailboxForm
    change_form_after_template = "admin/tickets/mailbox_stamp.html"
    actions = ("fetch_now",)
    list_display = ("address", "name", "is_active", "how", "default_priority", "fetched_at", "problem")
    list_filter = ("is_active",)
    search_fields = ("name", "address", "host")
    sortable_by = ("address",)
    readonly_fields = ("folder_names", "since", "fetched_at", "failures", "whole_problem", "import_state")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "address"),
                    ("default_priority", "language"),
                    ("is_active", "authentication_server"),
                )
            },
        ),
        (
            _("Fetch by IMAP or POP3 (leave the mail server blank to receive by LMTP, SMTP or pipe only)"),
            {
                "fields": (
                    "protocol", ("host", "port"), ("security", "login"), ("username", "password"), "folders",
                    ("after_fetch", "move_to"),
                )
            },
        ),
        (
            _("OAuth 2 (Microsoft 365, Google)"),
            {"fields": ("token_url", ("client_id", "scope"), ("client_secret", "refresh_token"))},
        ),
        (_("Last fetch"), {"fields": (("since", "fetched_at", "failures"), "whole_problem", "import_state")}),
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whoever only reads gets no secret: Django would show what the form never does."""
        fieldsets = super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj) or (obj is None and self.has_add_permission(request)):
            return fieldsets
        return [(title, {**options, "fields": readable(options["fields"])}) for title, options in fieldsets]

    @display(description=_("folders"))
    def folder_names(self, mailbox: Mailbox) -> str:
        return ", ".join(folder.name for folder in mailbox.folders.all()) or "-"

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Locked while a form is saved, so that whoever saves second sees what the first one saved."""
        row = super().get_object(request, object_id, from_field)
        if row is not None and request.method == "POST" and connection.in_atomic_block:
            row = self.get_queryset(request).select_for_update().filter(pk=row.pk).first()
        return row

    def save_model(self, request: HttpRequest, obj: Mailbox, form: MailboxForm, change: bool) -> None:
        """Save only what the form changed: a fetch may have stored a new refresh token meanwhile."""
        changed = {*form.changed_data, *form.also_changed} - {"folders", "stamp"}
        obj.save(update_fields=changed if change else None)
        had_host = bool(form.initial.get("host"))
        set_folders(
            mailbox=obj,
            names=form.cleaned_data["folders"] if obj.host else [],
            begins_at=(obj.fetched_at if had_host else None) or time_of_record.now(),
            is_new_account=bool({"protocol", "host", "username"} & set(form.changed_data)),
        )

    @admin.action(description=_("Fetch now"), permissions=["change"])
    def fetch_now(self, request: HttpRequest, queryset: "QuerySet[Mailbox]") -> None:
        """Connect and fetch for a few seconds, one mailbox at a time, as a server may be slow to answer."""
        mailbox = queryset.first()
        if mailbox is None or len(queryset) > 1:
            messages.error(request, _("Choose one mailbox at a time."))
        elif not mailbox.host:
            messages.error(request, _("This mailbox has no mail server to fetch from."))
        else:
            report = fetch_mailbox(
                mailbox.pk, read_clock=time_of_record.now, stop_at=time_of_record.now() + FETCH_FOR
            )
            messages.add_message(request, messages.ERROR if report.problem else messages.SUCCESS, str(report))

    @display(description=_("fetched by"))
    def how(self, mailbox: Mailbox) -> str:
        return f"{mailbox.protocol.upper()} {mailbox.host}" if mailbox.host else "LMTP, SMTP"

    @display(description=_("last error"))
    def problem(self, mailbox: Mailbox) -> str:
        return problem_in_words(mailbox.error)[:80] or "-"

    @display(description=_("last error"))
    def whole_problem(self, mailbox: Mailbox) -> str:
        return problem_in_words(mailbox.error) or "-"

    @display(description=_("fetches email received since"))
    def since(self, mailbox: Mailbox) -> str:
        """When its first folder began; nothing on the add form and without a host."""
        times = [folder.begins_at for folder in mailbox.folders.all()] if mailbox.pk else []
        return short_moment(min(times)) if times else "-"

    @display(description=_("import of older email"))
    def import_state(self, mailbox: Mailbox) -> str:
        if mailbox.import_since is None:
            return "-"
        words = {"since": local_day(mailbox.import_since), "count": mailbox.imported}
        if mailbox.import_ended_at is None:
            return gettext("Since %(since)s: running, %(count)s imported so far") % words
        return gettext("Since %(since)s: done, %(count)s imported") % words


def readable(fields: Any) -> list[Any]:
    """The fields of a fieldset without secrets, and with the names of the folders."""
    shown: list[Any] = []
    for field in fields:
        if isinstance(field, tuple):
            shown.append(tuple(readable(field)))
        elif field not in SECRETS:
            shown.append("folder_names" if field == "folders" else field)
    return [field for field in shown if field != ()]


def short_moment(moment: datetime) -> str:
    """As Django shows it in a field of a row; of what a method returns it shows every digit."""
    return localize(timezone.localtime(moment))


def local_day(moment: datetime) -> str:
    return timezone.localtime(moment).date().isoformat()
