"""manage.py split_reply < text: print the new words of a mail's text, without quotes and signature."""

import re
import sys
from typing import Any

from django.core.management.base import BaseCommand

from tickets.mail.charsets import decode
from tickets.mail.rendering import Rendering, render
from tickets.mail.storable_text import storable
from tickets.mail.values import SegmentKind

_HTML = re.compile(
    r"\s*<(?:!doctype html|html|head|body|div|p|span|table|meta|style|font|br|blockquote|article)\b",
    re.IGNORECASE,
)


class Command(BaseCommand):
    help = (
        "Reads the text or HTML of a mail from standard input and prints what its sender wrote now. "
        "What cannot be decided is printed too."
    )
    # Needs no database and none of the desk's settings.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        new = new_part(sys.stdin.buffer.read())
        sys.stdout.buffer.write(f"{new}\n".encode())
        sys.stdout.buffer.flush()


def new_part(data: bytes) -> str:
    text = storable(decode(data, "utf-8"))
    rendering = Rendering("", text) if _HTML.match(text) else Rendering(text)
    segments = render([rendering], {}).segments
    return "".join(segment.text for segment in segments if segment.kind is SegmentKind.NEW).strip("\n")
