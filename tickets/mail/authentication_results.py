"""Reads an Authentication-Results field (RFC 8601): which server checked the mail, and what each check found."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

METHODS = ("dmarc", "dkim", "spf")  # in the order in which people read them
MOST_CHARS = 5_000

# A quoted string that does not end has no group "end"; nor does any quote behind it, as the escapes are the same there.
_STRING = r'"(?:[^"\\]|\\.)*+(?:(?P<end>")|\\?\Z)'
_STRING_OR_COMMENT = re.compile(rf"{_STRING}|\(", re.DOTALL)
_STRING_OR_FLAT_COMMENT = re.compile(rf"{_STRING}|\([^()]*\)", re.DOTALL)
_COMMENT = re.compile(r"\(")
_FLAT_COMMENT = re.compile(r"\([^()]*\)")
_IN_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)  # a backslash takes the meaning from what follows
_RESULT = re.compile(r"\s*([a-z][a-z0-9-]*)\s*=\s*([a-z]+)\b(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SenderCheck:
    """What one check found. ``properties`` is the rest of it: ``header.d=example.com``."""

    method: str
    result: str
    properties: str = ""


@dataclass(frozen=True, slots=True)
class AuthenticationResults:
    """``server`` is the authserv-id. Everything is in lower case."""

    server: str = ""
    checks: tuple[SenderCheck, ...] = ()

    def has(self, method: str, result: str) -> bool:
        return any((check.method, check.result) == (method, result) for check in self.checks)

    @property
    def summary(self) -> str:
        """One result for each of METHODS: ``dmarc=pass dkim=pass``. Of several signatures one that passed is enough."""
        found = []
        for method in METHODS:
            results = [check.result for check in self.checks if check.method == method]
            if results:
                found.append(f"{method}={'pass' if 'pass' in results else results[0]}")
        return " ".join(found)


def read_authentication_results(field: str) -> AuthenticationResults:
    """The results in the text of a field, without comments and quoted strings, which may hold a sender's words."""
    text = "".join(_server_words(field[:MOST_CHARS].lower()))
    server, _semicolon, rest = text.partition(";")
    matches = (_RESULT.match(part) for part in rest.split(";"))
    checks = tuple(SenderCheck(match[1], match[2], match[3].strip()) for match in matches if match)
    return AuthenticationResults(server.strip().partition(" ")[0], checks)


def _server_words(text: str) -> Iterator[str]:
    """What stands outside of quoted strings and comments. What does not end is none."""
    begin, marks = 0, _STRING_OR_COMMENT
    while found := marks.search(text, begin):
        if _is_open(found):
            marks = _COMMENT
            continue
        yield text[begin : found.start()]
        end = _end_of_comment(text, found.end()) if found[0] == "(" else found.end()
        if end is None:
            yield _STRING_OR_FLAT_COMMENT.sub(_blanked, text[found.end() :])
            return
        yield " " if found[0] == "(" else '""'
        begin = end
    yield text[begin:]


def _is_open(found: re.Match[str]) -> bool:
    return found[0].startswith('"') and found["end"] is None


def _blanked(found: re.Match[str]) -> str:
    return _FLAT_COMMENT.sub(" ", found[0]) if _is_open(found) else " "


def _end_of_comment(text: str, begin: int) -> int | None:
    """Where the comment ends whose parenthesis opened before ``begin``; comments may be nested."""
    depth = 1
    for token in _IN_COMMENT.finditer(text, begin):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return None
