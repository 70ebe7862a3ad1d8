"""Finds the quotes and signatures in an HTML body by the marks that mail programs leave."""

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tickets.mail import quote_shapes as shapes
from tickets.mail.header_blocks import label_kind
from tickets.mail.quote_attributions import is_certain_attribution
from tickets.mail.values import SegmentKind

OPENING_CHARS = 400
MAX_ANCESTORS = 60
MAX_BLOCKQUOTES = 50
MAX_STEPS_ABOVE = 20

_ALL_QUOTES = ", ".join(shapes.HTML_QUOTES)
_ALL_QUOTES_FROM = ", ".join(shapes.HTML_QUOTES_FROM)
_ALL_SIGNATURES = ", ".join(shapes.HTML_SIGNATURES)


def folded_elements(tree: LexborHTMLParser) -> dict[int, SegmentKind]:
    """Elements to fold completely, by their id. A forwarded mail is not a quote."""
    attributed = _attributed(tree)
    marked = [node for node in tree.css(_ALL_QUOTES) if _is_quote(tree, node, attributed)]
    quotes_found = [*marked, *attributed]
    forwards = {node.mem_id for node in tree.css(shapes.GMAIL_CONTAINER) if _is_forward(node)}
    quotes = [node for node in quotes_found if not (_is_forward(node) or _is_inside(node, forwards))]
    signatures = {node.mem_id: SegmentKind.SIGNATURE for node in tree.css(_ALL_SIGNATURES)}
    return signatures | {node.mem_id: SegmentKind.QUOTE for node in quotes if not _holds_answers(node)}


def _is_quote(tree: LexborHTMLParser, node: LexborNode, attributed: list[LexborNode]) -> bool:
    """False for words indented by hand in Gmail: they get the same mark, but outside a quote container."""
    if node.tag != "blockquote" or node.attributes.get("class") != "gmail_quote" or "type" in node.attributes:
        return True
    return bool(attributed) or tree.css_first("div[class*=gmail_quote], [class*=gmail_attr]") is not None


def _attributed(tree: LexborHTMLParser) -> list[LexborNode]:
    """Quotes without a mark, below a line that says who wrote them."""
    return [
        node for node in tree.css("blockquote")[:MAX_BLOCKQUOTES] if is_certain_attribution(_text_above(node))
    ]


def _text_above(node: LexborNode) -> str:
    """The end of the nearest text before `node`, on one line."""
    one: LexborNode | None = node
    for _ in range(MAX_STEPS_ABOVE):
        while one is not None and one.prev is None:
            one = one.parent
        one = one.prev if one is not None else None
        if one is None:
            return ""
        words = " ".join((one.text(deep=True, strip=False) or "").split())
        if words:
            return words[-OPENING_CHARS:]
    return ""


def folded_from(tree: LexborHTMLParser) -> dict[int, SegmentKind]:
    """Elements from which on everything is quoted."""
    marks = tree.css(_ALL_QUOTES_FROM) or _outlook_editor_ends(tree)
    outlook = [node for node in tree.css("div[style*='border-top']") if _is_header_block(node)]
    return {node.mem_id: SegmentKind.QUOTE for node in (*marks, *outlook)}


def _outlook_editor_ends(tree: LexborHTMLParser) -> list[LexborNode]:
    """The rule after each end of Outlook's web editor; a person may have written between that end and the rule."""
    ends = tree.css("#appendonsend, #x_appendonsend")
    return [rule for end in ends if (rule := _next_rule(end)) is not None]


def _next_rule(node: LexborNode) -> LexborNode | None:
    after = node.next
    for _ in range(MAX_STEPS_ABOVE):
        if after is None or after.tag == "hr":
            return after
        after = after.next
    return None


def _holds_answers(node: LexborNode) -> bool:
    """True if a Gmail quote container has answers below or between its quotes: then only the quotes are folded."""
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
    return label_kind(_opening(node)) == "from"


def _opening(node: LexborNode) -> str:
    return node.text(deep=True, strip=False)[:OPENING_CHARS].strip()
