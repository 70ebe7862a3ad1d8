"""Typed reading of environment variables. A bad value is refused with a sentence that says how to fix it."""

import os
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from email.utils import parseaddr
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from supportdesk.buckets import SCHEME, BucketAddress, NoBucket

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}
LOCAL = {"sqlite", "unix", "postgres", "postgresql"}  # schemes without a host


@dataclass(frozen=True)
class Env:
    """Reads one mapping; an empty value counts as not set. Every reader raises ImproperlyConfigured."""

    values: Mapping[str, str] = field(default_factory=lambda: os.environ)
    names: set[str] = field(default_factory=set)  # those that were asked for

    def refuse_unknown(self, names: Iterable[str], *, file: str) -> None:
        """Refuse a name that nothing asked for: misspelt, it would silently leave a default in force."""
        for name in names:
            if name not in self.names:
                raise ImproperlyConfigured(
                    f"{name} stands in {file}, but the desk has no such setting.{_did_you_mean(name, self.names)} "
                    "Correct or remove it; what other programs need belongs into their own environment."
                )

    def misspelt(self) -> list[tuple[str, str]]:
        """Variables that nothing asked for, though each resembles a setting, with that setting."""
        unknown = (name for name in self.values if name not in self.names)
        found = ((name, _closest(name, self.names, 0.85)) for name in unknown)
        return sorted((name, like) for name, like in found if like)

    def text(self, name: str, default: str) -> str:
        self.names.add(name)
        return self.values.get(name, "").strip() or default

    def flag(self, name: str, default: str) -> bool:
        value = self.text(name, default).lower()
        if value in TRUE | FALSE:
            return value in TRUE
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to yes or no.")

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self.text(name, str(default))
        if value.isascii() and value.isdigit() and least <= int(value) <= most:
            return int(value)
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to a whole number from {least} to {most}.")

    def words(self, name: str, default: str) -> list[str]:
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def hosts(self, name: str, default: str) -> list[str]:
        """Names of hosts, addresses and networks; the word none for nothing."""
        words = [word for word in self.words(name, default) if word != "none"]
        for word in words:
            if "/" in word and not _is_network(word):
                raise ImproperlyConfigured(
                    f"{name} contains {word!r}, which is no network. Write it as 10.1.0.0/16, or name a host."
                )
        return words

    def pairs(self, name: str) -> dict[str, str]:
        """From "a=b,c=d"."""
        found = [word.partition("=") for word in self.words(name, "")]
        if all(left.strip() and right.strip() for left, _sign, right in found):
            return {left.strip(): right.strip() for left, _sign, right in found}
        raise ImproperlyConfigured(
            f"{name} is no list such as: their-group=Our group,other-group=Other group."
        )

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value in choices:
            return value
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to one of: {', '.join(choices)}.")

    def zone(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ImproperlyConfigured(
                f"{name} is {value!r}, which is no time zone. Set it to an IANA name such as Asia/Shanghai."
            ) from error
        return value

    def address(self, name: str, default: str) -> str:
        value = self.text(name, default)
        bare = parseaddr(value)[1]
        if bare.count("@") == 1 and not bare.startswith("@") and not bare.endswith("@"):
            return value
        raise ImproperlyConfigured(
            f"{name} is {value!r}, which is no email address. Set it to one such as support@example.com."
        )

    def bare_address(self, name: str) -> str:
        """An address without a display name; empty if not set."""
        return parseaddr(self.address(name, ""))[1] if self.text(name, "") else ""

    def address_or(self, name: str, default: str, *, words: tuple[str, ...]) -> str:
        """An address without a display name, or one of the words."""
        value = self.text(name, default)
        if value in words or (
            value.count("@") == 1 and all(value.split("@")) and parseaddr(value)[1] == value
        ):
            return value
        raise ImproperlyConfigured(
            f"{name} is {value!r}. Set it to an email address without a name, or to one of: {', '.join(words)}."
        )

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """A URL. A refusal does not repeat the value, which may contain a password."""
        value = self.text(name, default)
        if not value or _is_url(value, schemes):
            return value
        raise ImproperlyConfigured(
            f"{name} is no address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}. "
            "Set it to a full one, or leave it out. In a password write %40 for @, %23 for # and %2F for /."
        )

    def database(self, name: str, default: str) -> dict[str, Any]:
        """A database for Django's settings; refused values are not repeated, as in `url`."""
        value = self.url(name, default, ("sqlite", "postgres", "postgresql"))
        try:
            return dict(dj_database_url.parse(value))
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{name} cannot be read. Write it as postgres://user:password@host:5432/database; "
                "in the password write %40 for @, %23 for # and %2F for /."
            ) from error

    def bucket(self, name: str) -> BucketAddress | None:
        """An object store; None if not set. It is not repeated in a refusal, because a key may have got into it."""
        value = self.text(name, "")
        if not value:
            return None
        try:
            bucket = BucketAddress.parse(value)
        except NoBucket as error:
            raise ImproperlyConfigured(f"{name} {error}.") from error
        self._require_extra(name, "storages", "boto3")
        return bucket

    def folder_or_bucket(self, name: str) -> str:
        """A folder, or the address of an object store."""
        value = self.text(name, "")
        if value.startswith(SCHEME):
            self.bucket(name)
        return value

    def _require_extra(self, name: str, *packages: str) -> None:
        if not all(map(find_spec, packages)):
            raise ImproperlyConfigured(
                f"{name} needs further packages. Install them with: pip install 'supportdesk[s3]'"
            )

    def folder(self, name: str, default: Path) -> Path:
        path = Path(self.text(name, str(default))).expanduser().resolve()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)  # it contains customers' mail
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name} is {str(path)!r}, a folder that cannot be made ({error.strerror}). "
                "Set it to a folder this user may write to."
            ) from error
        if not os.access(path, os.W_OK | os.X_OK):
            raise ImproperlyConfigured(
                f"{name} is {str(path)!r}, where this user may not write. Set it to another folder."
            )
        _close_to_others(path)
        return path


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _close_to_others(folder: Path) -> None:
    """Take from everybody else the way into a folder that was there before."""
    details = folder.stat()
    if details.st_mode & (stat.S_IRWXG | stat.S_IRWXO) and details.st_uid == os.geteuid():
        folder.chmod(stat.S_IMODE(details.st_mode) & ~(stat.S_IRWXG | stat.S_IRWXO))


def _did_you_mean(name: str, names: Iterable[str]) -> str:
    like = _closest(name, names, 0.6)
    return f" Did you mean {like}?" if like else ""


def _closest(name: str, names: Iterable[str], least: float) -> str:
    return next(iter(get_close_matches(name, list(names), n=1, cutoff=least)), "")


def is_loopback(url: str) -> bool:
    """True if nothing sent to that address leaves the machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_open_desk(hosts: Collection[str], *, is_plain_http: bool) -> None:
    """Raises ImproperlyConfigured for what nobody should answer the internet with."""
    if "*" in hosts:
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS is *, so links could be made for any host. Set it to the names by which people reach the "
            "desk."
        )
    if is_plain_http:
        raise ImproperlyConfigured(
            "SITE_URL begins with http://, so passwords would cross the network in the clear. Set it to an "
            "https:// address; only in a network where nobody can listen set ALLOW_PLAIN_HTTP=yes."
        )


def _is_url(value: str, schemes: tuple[str, ...]) -> bool:
    """True for one of the schemes, with a host unless the scheme is for files or sockets."""
    try:
        parts = urlsplit(value)
        has_place = bool(parts.hostname) or parts.scheme in LOCAL
        return parts.scheme in schemes and has_place and (parts.port or 0) >= 0
    except ValueError:  # an invalid port, or an IPv6 address without its end
        return False
