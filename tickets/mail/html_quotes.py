"""Which elements of an HTML body are quotes or signatures, by the marks that mail programs leave."""

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tickets.mail import quote_shapes as shapes
from tickets.mail.values import SegmentKind

OPENING_CHARS = 400
MAX_ANCESTORS = 60


def folded_elements(tree: LexborHTMLParser) -> dict[int, SegmentKind]:
    """Elements that are folded whole, by their id. What was forwarded is no quote."""
    found = tree.css(", ".join(shapes.HTML_QUOTES))
    forwards = {node.mem_id for node in tree.css(shapes.GMAIL_CONTAINER) if _is_forward(node)}
    quotes = [node for node in found if not (_is_forward(node) or _is_inside(node, forwards))]
    signatures = {node.mem_id: SegmentKind.SIGNATURE for node in tree.css(", ".join(shapes.HTML_SIGNATURES))}
    return signatures | {node.mem_id: SegmentKind.QUOTE for node in quotes if not _holds_answers(node)}


def folded_from(tree: LexborHTMLParser) -> dict[int, SegmentKind]:
    """Elements from which on everything is quoted."""
    marks = tree.css(", ".join(shapes.HTML_QUOTES_FROM))
    outlook = [node for node in tree.css("div[style*='border-top']") if _is_header_block(node)]
    return {node.mem_id: SegmentKind.QUOTE for node in (*marks, *outlook)}


def _holds_answers(node: LexborNode) -> bool:
    """Gmail puts answers below and between quotes into the quote's own container: only its quotes are folded."""
    if node.tag == "blockquote" or "gmail_quote" not in (node.attributes.get("class") or ""):
        return False
    return node.css_first("blockquote.gmail_quote") is not None


def _is_inside(node: LexborNode, ids: set[int]) -> bool:
    above = node.parent if ids else None
    for _ in range(MAX_ANCESTORS):
        if above is None:
            return False
        if above.mem_id in ids:
            return True
        above = above.parent
    return False


def _is_forward(node: LexborNode) -> bool:
    return shapes.is_forward_mark(_opening(node).partition("\n")[0])


def _is_header_block(node: LexborNode) -> bool:
    return shapes.label_kind(_opening(node)) != ""


def _opening(node: LexborNode) -> str:
    return node.text(deep=True, strip=False)[:OPENING_CHARS].strip()
