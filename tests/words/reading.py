"""What a reader finds wrong in a text: the other language, half-width punctuation, zones by an abbreviation."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from django.apps import apps
from django.db.models import CharField, TextField

HAN = "[\u3400-\u9fff]"
SHOWN = ("title", "aria-label", "placeholder", "alt")  # attributes that people read
ICONS = {"ms", "material-symbols-outlined"}
HIDDEN = {"script", "style", "code", "pre"}
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr", "base", "embed", "track"}
# What is the same in both languages: terms of the trade, protocols, products and names of things.
SAME = {
    "KB", "MB", "LDAP", "Control", "Mac", "Command", "Enter", "esc",
    "SLA", "P", "SD", "API", "App", "CSV", "DRILL", "HTML", "HTTP", "HTTPS", "IANA", "ID", "IMAP",
    "IP", "JSON", "LMTP", "SHA", "SMS", "SMTP", "SMTPUTF", "SSL", "STARTTLS", "TLS", "URL", "UTC",
    "OAuth", "POP", "IDLE", "UIDL", "EHLO", "Microsoft", "Google",
    "Webhook", "DKIM", "DMARC", "Apprise", "Django", "Excel", "Redis", "Twilio", "Teams", "DingTalk",
    "Feishu", "Lark", "Slack", "Telegram", "WeCom", "English", "TA", "Ctrl", "Python", "v", "min",
    "px", "iCalendar", "ICS", "UTF", "GB", "BY", "CN", "DE", "Message", "Content", "Re", "B", "Cc",
    "S", "hmac", "PGP", "MIME", "UID", "Authentication", "Results", "SPF",
}  # fmt: skip
MACHINE = re.compile(
    r"""\w+://\S+ | [\w.+-]+@[\w.-]+ | [A-Z]\w+/[A-Z]\w+(?:/\w+)? | SD\#\w+ | --[\w-]+ | [A-Z]+(?:_[A-Z]+)+
    | \b\w+\.\w[\w./]*\b | \#\w+ | [0-9a-f]{8,}""",
    re.VERBOSE,
)
WORD = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
CHINESE = re.compile(f"{HAN}+")
OWN_NAMES = {"简体中文", "简体", "中文"}  # of languages, and of channels that exist in China only
# A point ends a Chinese sentence as little as a comma parts it.
HALF_WIDTH = re.compile(
    rf"{HAN}\s*[,;:!?()]\s*{HAN}|{HAN}[,;!?]|[,;]\s*{HAN}|{HAN}\s*\({HAN}|{HAN}\.(?:\s|$|\.)"
)
ZONES = re.compile(r"\b(?:[ECMP][SD]T|CES?T|WES?T|GMT|BST|JST|IST|HKT|MSK|AE[SD]T)\b|\([+-]\d{4}\)")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.texts += [given[name] for name in SHOWN if given.get(name)]
        if tag == "input" and given.get("type") in ("submit", "button"):
            self.texts.append(given.get("value", ""))
        is_hidden = tag in HIDDEN or bool(ICONS & set(given.get("class", "").split()))
        if tag not in VOID:
            self.open.append((tag, is_hidden))

    def handle_endtag(self, tag: str) -> None:
        while any(name == tag for name, _hidden in self.open) and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(hidden for _tag, hidden in self.open):
            self.texts.append(data)


def texts(html: str) -> list[str]:
    """Every text of a page that somebody sees or hears, without the names of icons."""
    page = _Page()
    page.feed(html)
    return [" ".join(text.split()) for text in page.texts]


def stored_words() -> set[str]:
    """Words of the rows in both scripts: what people or factories wrote is theirs, in whatever language."""
    words: set[str] = set()
    for model in apps.get_models():
        if model._meta.app_label in ("auth", "contenttypes") and model.__name__ == "Permission":
            continue
        fields = [
            field.name
            for field in model._meta.fields
            if isinstance(field, CharField | TextField) and not field.choices
        ]
        for row in model._default_manager.values_list(*fields) if fields else ():
            text = " ".join(map(str, row))
            words.update(WORD.findall(text.lower()), CHINESE.findall(text))
    return words


def english_in(text: str, known: set[str]) -> Iterator[str]:
    """Latin words of a Chinese text that nobody expects there."""
    for word in WORD.findall(MACHINE.sub(" ", text)):
        if word not in SAME and word.lower() not in known:
            yield word


def chinese_in(text: str, known: set[str]) -> Iterator[str]:
    """Chinese words of an English text that nobody wrote there."""
    for words in CHINESE.findall(text):
        if words not in OWN_NAMES and not any(words in name for name in known):
            yield words


def faults(text: str, *, language: str, known: set[str]) -> list[str]:
    """What is wrong in one text, as lines for whoever reads the failing test."""
    lines = [f"zone: {text}"] if ZONES.search(MACHINE.sub(" ", text)) else []
    if language == "en":
        words = list(chinese_in(text, known))
        return [*lines, f"Chinese {words}: {text}"] if words else lines
    if words := list(english_in(text, known)):
        lines.append(f"English {words}: {text}")
    if HALF_WIDTH.search(text):
        lines.append(f"half-width: {text}")
    return lines
