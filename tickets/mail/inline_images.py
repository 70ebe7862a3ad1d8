"""Turns images embedded in HTML as `data:` addresses into attachments that the HTML references by `cid:`."""

import hashlib
import re

from tickets.mail.encoded_words import lenient_base64
from tickets.mail.values import ParsedAttachment

MAX_INLINE_IMAGES = 100

_DATA_IMAGE = re.compile(
    r"""data:image/(png|jpe?g|gif|webp|bmp)\s*;base64,([A-Za-z0-9+/=\s%]+)""", re.IGNORECASE
)


def extract_inline_images(html: str) -> tuple[str, tuple[ParsedAttachment, ...]]:
    """The HTML with `cid:` addresses, and the images; equal images become one."""
    if "data:image/" not in html and "DATA:image/" not in html:
        return html, ()
    images: dict[str, ParsedAttachment] = {}

    def replaced(match: re.Match[str]) -> str:
        data = lenient_base64(match[2].encode("ascii", "ignore"))
        content_id = f"{hashlib.sha256(data).hexdigest()[:16]}@inline"
        if len(images) >= MAX_INLINE_IMAGES and content_id not in images:
            return ""
        kind = match[1].lower()
        name = f"image-{len(images) + 1}.{kind}"
        images.setdefault(
            content_id, ParsedAttachment(name, f"image/{kind}", data, content_id, is_inline=True)
        )
        return f"cid:{content_id}"

    return _DATA_IMAGE.sub(replaced, html), tuple(images.values())
