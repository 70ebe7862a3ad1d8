"""Every address of the site, read from its URL conf, so that a page is among them the day it is added."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter

# What stands in an address where it takes a word.
WORDS = {
    "app_label": "customers", "uidb36": "1", "key": "1-2", "decision": "confirm", "name": "operator",
    "content_type_id": "1",
}  # fmt: skip
# And where one address takes others.
WORDS_OF = {"admin:personal_data": {"kind": "customer", "act": "export"}}


@dataclass(frozen=True)
class Address:
    """``name`` is as `reverse` wants it. ``rows`` are the parts that take the key of a row, ``words`` the others."""

    name: str
    rows: tuple[str, ...]
    words: tuple[str, ...]

    def path(self, *keys: object, **words: str) -> str:
        """With these keys, of which the last also stands for all further ones."""
        given = dict(zip(self.rows, [*keys, *[keys[-1]] * len(self.rows)] if keys else (), strict=False))
        usual = {name: WORDS.get(name, "reply") for name in self.words}
        return reverse(self.name, kwargs={**usual, **WORDS_OF.get(self.name, {}), **given, **words})


def every_address() -> list[Address]:
    """The unnamed are the admin's old forms of its addresses, which lead to the new ones."""
    return list(dict.fromkeys(_addresses(get_resolver(), "")))


def _addresses(resolver: URLResolver, before: str) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _addresses(entry, f"{before}{entry.namespace}:" if entry.namespace else before)
        elif isinstance(entry, URLPattern) and entry.name:
            numbers = [
                key for key, kind in entry.pattern.converters.items() if isinstance(kind, IntConverter)
            ]
            keys = [*entry.pattern.converters, *entry.pattern.regex.groupindex]
            rows = tuple(key for key in dict.fromkeys(keys) if key in numbers or key == "object_id")
            yield Address(
                f"{before}{entry.name}", rows, tuple(key for key in dict.fromkeys(keys) if key not in rows)
            )
