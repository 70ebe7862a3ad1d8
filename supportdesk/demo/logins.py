"""The accounts that the demo prints: random passwords, kept in a file that only its owner can read."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from supportdesk.accounts.administrator import NewAdministrator, ensure_administrator
from supportdesk.demo.report import Login
from supportdesk.demo.staff import DOMAIN
from supportdesk.models import OneTimePassword

ROLES = {
    "james.whitfield": gettext_lazy("Account manager (English)"),
    "lin.yue": gettext_lazy("Account manager (Chinese)"),
    "sofia.lindqvist": pgettext_lazy("role", "Lead"),
    "zhao.lei": gettext_lazy("Duty engineer"),
}


def login_file() -> Path:
    folder: Path = settings.VAR_DIR
    return folder / "demo_logins.json"


def create_logins(users: Mapping[str, User], administrator: NewAdministrator | None) -> None:
    """Set random passwords for the printed accounts, and keep them for the next start."""
    kept = {}
    for username in ROLES:
        kept[username] = secrets.token_urlsafe(9)
        users[username].set_password(kept[username])
        users[username].save(update_fields=["password"])
    new = administrator or ensure_administrator()
    if new is not None:
        kept[new.username] = new.password
        _stays_as_shown(new)
    _write_file(kept)


def _stays_as_shown(new: NewAdministrator) -> None:
    """Let the administrator keep the printed password: every start of the demo prints it again."""
    OneTimePassword.objects.filter(user__username=new.username).delete()
    without = get_user_model().objects.filter(username=new.username, email="")
    without.update(email=f"{new.username}@{DOMAIN}")


def known_logins() -> tuple[Login, ...]:
    """The printed accounts that still exist, without the password if it was changed since."""
    kept = _read_file()
    administrators = set(kept) - set(ROLES)
    roles = {**ROLES, **{name: _("Administrator") for name in administrators}}
    users = get_user_model().objects.in_bulk(list(roles), field_name="username")
    return tuple(
        Login(str(role), name, _valid(users[name], kept.get(name, "")))
        for name, role in roles.items()
        if name in users
    )


def _valid(user: User, password: str) -> str:
    return password if password and user.check_password(password) else ""


def _write_file(passwords: Mapping[str, str]) -> None:
    path = login_file()
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(dict(passwords), file, indent=1)


def _read_file() -> dict[str, str]:
    try:
        kept: dict[str, str] = json.loads(login_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept
