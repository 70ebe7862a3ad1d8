"""What a reader finds wrong in a text: the other language, half-width punctuation, zones by an abbreviation."""

import re
from collections.abc import Iterable, Iterator

from django.apps import apps
from django.db.models import CharField, TextField
from selectolax.lexbor import LexborHTMLParser, LexborNode

HAN = "[\u3400-\u9fff]"
SHOWN = ("title", "aria-label", "placeholder", "alt")  # attributes that people read
ICONS = {"ms", "material-symbols-outlined"}
HIDDEN = {"script", "style", "code", "pre"}
TEMPLATE = re.compile(r"<(/?)template\b")
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


def texts(html: str) -> list[str]:
    """Every text of a page that somebody sees or hears, without the names of icons.

    A browser keeps the inside of a template out of the page until a script shows it; here it is read as any other.
    """
    tree, found = LexborHTMLParser(TEMPLATE.sub(r"<\1div", html)), list[str]()
    _gather(tree.root, found)
    return [" ".join(text.split()) for text in found if text]


def _gather(element: LexborNode, found: list[str], *, is_hidden: bool = False) -> None:
    for node in element.iter(include_text=True):
        if node.tag == "-text":
            if not is_hidden and node.text_content.strip():
                found.append(node.text_content)
            continue
        given = {name: value or "" for name, value in node.attributes.items()}
        found.extend(given[name] for name in SHOWN if name in given)
        if node.tag == "input" and given.get("type") in ("submit", "button"):
            found.append(given.get("value", ""))
        is_icon = "class" in given and not ICONS.isdisjoint(given["class"].split())
        _gather(node, found, is_hidden=is_hidden or is_icon or node.tag in HIDDEN)


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


def faults_of_pages(pages: Iterable[tuple[str, str]], *, language: str, known: set[str]) -> Iterator[str]:
    """A line for each fault, with the first of the pages, given by name and HTML, that has it."""
    first: dict[str, str] = {}
    for name, html in pages:
        for text in texts(html):
            first.setdefault(text, name)
    for text, name in first.items():
        yield from (f"{fault} <- {name}" for fault in faults(text, language=language, known=known))
