"""Makes HTML from outside safe to show in a sandboxed frame: nh3 cleans it, remote images wait for a click."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote, unquote

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tickets.mail.html import tag_set

MAX_LINKS = 2_000

_NO_IMAGES: Mapping[str, str] = MappingProxyType({})

_TAGS = tag_set(
    "a abbr address article aside b bdi bdo blockquote br caption center cite code col colgroup dd del "
    "details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd "
    "li main mark nav ol p pre q s samp section small span strike strong sub summary sup table tbody td "
    "tfoot th thead time tr tt u ul var wbr"
)
_DROPPED_WITH_CONTENT = tag_set("script style title template object svg math iframe noembed noframes xmp")
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align", "valign", "width", "height", "bgcolor"},
    "a": {"href"},
    "img": {"src", "data-src", "alt", "border"},
    "font": {"color", "face", "size"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start", "type"},
}
_STYLES = tag_set(
    "color background-color font-family font-size font-style font-weight text-align text-decoration "
    "text-indent line-height white-space word-break vertical-align direction padding padding-left "
    "padding-right padding-top padding-bottom margin margin-left margin-right margin-top margin-bottom "
    "border border-left border-right border-top border-bottom border-collapse border-color border-style "
    "border-width border-radius width height max-width list-style-type"
)
_LINK = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
_REMOTE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_CONTENT_ID = re.compile(r"cid:", re.IGNORECASE)


def _allowed(tag: str, attribute: str, value: str) -> str | None:
    match attribute:
        case "href":
            return value if _LINK.match(value.strip()) else None
        case "src":
            return value if _CONTENT_ID.match(value.strip()) else None
        case "data-src":
            return value if _REMOTE.match(value.strip()) else None
        case "style":
            return None if "url(" in value.lower() or "\\" in value else value
        case _:
            return value


_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=set(_DROPPED_WITH_CONTENT),
    attributes=_ATTRIBUTES,
    attribute_filter=_allowed,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
    filter_style_properties=set(_STYLES),
)


def sanitised(tree: LexborHTMLParser, image_ids: Mapping[str, str] = _NO_IMAGES) -> str:
    """Safe HTML of `tree`, which is changed in place.

    `src` stays on `cid:` images only; a remote address moves to `data-src`. Images in `data:` addresses must have
    become attachments before (see `inline_images`). `image_ids` gives the Content-ID of an image that the HTML names
    by its file name, in lower case.
    """
    tree.unwrap_tags(["noscript"])
    for image in tree.css("img"):
        _park_remote_source(image, image_ids)
    for link in tree.css("a[href]")[MAX_LINKS:]:
        del link.attrs["href"]
    return _CLEANER.clean(tree.body.html or "" if tree.body is not None else "").strip()


def _park_remote_source(image: LexborNode, image_ids: Mapping[str, str]) -> None:
    source = (image.attributes.get("src") or "").strip()
    content_id = image_ids.get(unquote(source).lower()) if image_ids else None
    if content_id:
        source = image.attrs["src"] = f"cid:{quote(content_id, safe='@.$-_')}"
    if "data-src" in image.attributes:
        del image.attrs["data-src"]
    if _REMOTE.match(source):
        image.attrs["data-src"] = source
    if source and not _CONTENT_ID.match(source):
        del image.attrs["src"]
