"""What every answer must tell the browser to refuse, and what stands inline in a page against that."""

import re

from django.http import HttpResponseBase
from selectolax.lexbor import LexborHTMLParser

STRICT = {
    "default-src": ["'none'"], "script-src": ["'self'"], "style-src": ["'self'"], "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"], "connect-src": ["'self'"], "form-action": ["'self'"],
}  # fmt: skip
HANDLER = re.compile(r"""[\s"'](on[a-z]+)\s*=\s*["']""")
NONCE = re.compile(rb' nonce="[^"]*"')
NO_SCRIPT_HERE = {"application/json", "text/template"}


def policy_of(response: HttpResponseBase) -> dict[str, list[str]]:
    parts = response.headers["Content-Security-Policy"].split(";")
    return {name: sources for name, *sources in (part.split() for part in parts)}


def lacks(response: HttpResponseBase) -> list[str]:
    """What is missing from the headers of an answer, or weaker than it should be."""
    policy = policy_of(response) if "Content-Security-Policy" in response.headers else {}
    nonce = re.compile(r"'nonce-[\w+/=]{20,}'")
    found = {name: [one for one in policy.get(name, []) if not nonce.fullmatch(one)] for name in STRICT}
    faults = [name for name, sources in STRICT.items() if found[name] != sources]
    if "sandbox" in policy and policy["default-src"] == ["'none'"]:
        faults = []  # stricter still: nothing runs
    headers = {
        "Permissions-Policy": "camera=()", "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "",
    }  # fmt: skip
    return faults + [name for name, words in headers.items() if words not in response.headers.get(name, "\0")]


def inline_in(html: str, policy: dict[str, list[str]]) -> list[str]:
    """What the policy refuses: scripts, handlers and styles that stand in the page without its nonce."""
    page = LexborHTMLParser(html)
    sources = policy.get("style-src-elem", policy.get("style-src", []))
    allowed = [source[7:-1] for source in sources if source.startswith("'nonce-")]
    refused = [
        node.html[:90] for node in page.css("script:not([src]), style")
        if node.attributes.get("type") not in NO_SCRIPT_HERE and node.attributes.get("nonce") not in allowed
    ]  # fmt: skip
    if "'unsafe-inline'" not in policy.get("style-src-attr", []):
        refused += [f"style of {node.html[:90]}" for node in page.css("[style]")]
    refused += [f"handler {name}" for name in HANDLER.findall(html)]
    return refused + [node.html[:90] for node in page.css("[href^='javascript:'], object, embed, base")]


def without_nonce(content: bytes) -> bytes:
    """A page without the word that its own inline style has, which is new for each answer."""
    return NONCE.sub(b"", content)
