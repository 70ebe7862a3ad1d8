"""Every regular expression of the code is tried with text that grows: none may take long on what a stranger sends.

The texts are made from the pattern itself: what one of its repetitions matches, over and over, behind what has to stand
before it, and then something that does not match.
"""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from tests.cputime import TRIES
from tests.test_architecture import parsed, sources

CHARACTERS = 4_000
SECONDS = 0.02  # of CPU for that many
# A fast machine needs less also for what grows with the square of the text: four times the text, sixteen times as long.
SUSPICIOUS = 0.004
GROWTH = 9
TRIFLE = 0.0005  # for a sixteenth of the text; what needs no more ends within seconds on the whole, however it grows
METHODS = {"search", "match", "fullmatch", "sub", "finditer", "findall", "split"}
USUAL = "a1 \n\t-<@.中:>,(\"'/_="
ENDS = ("", "\x01", "\n!")
# Patterns that are slower on long text, and the most characters that those who use them pass on.
CUT_BEFORE = {
    "tickets.mail.quote_attributions._ATTRIBUTION": 700,
    "tickets.mail.out_of_office._SUBJECT": 500,
}


def names_of_patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Each pattern that a module keeps under a name of its own, alone or in a tuple or mapping."""
    for path in sources():
        if path.name in ("settings.py", "wsgi.py"):
            continue
        module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        own = assigned(path)
        for name, value in vars(importlib.import_module(module)).items():
            if name in own:
                yield from ((f"{module}.{name}", pattern) for pattern in patterns_in(value))


def literal_patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Those written where they are used, `re.sub("...", ...)`."""
    for path in sources():
        for node in ast.walk(parsed(path)):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="re"), attr=method),
                    args=[ast.Constant(value=text), *_],
                ) if method in METHODS:
                    yield f"{path}:{node.lineno}", re.compile(text)


def assigned(path: Any) -> set[str]:
    targets = (
        node.targets if isinstance(node, ast.Assign) else [node.target]
        for node in parsed(path).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
    )
    return {target.id for group in targets for target in group if isinstance(target, ast.Name)}


def patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    match value:
        case re.Pattern():
            yield value
        case dict():
            for one in (*value, *value.values()):
                yield from patterns_in(one)
        case tuple() | list() | frozenset():
            for one in value:
                yield from patterns_in(one)


@cache
def uses() -> dict[str, set[str]]:
    """The methods that are called on each name, by the module that owns it."""
    found: dict[str, set[str]] = {}
    for path in sources():
        module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        origin = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in METHODS:
                name = node.value.id
                found.setdefault(origin.get(name, f"{module}.{name}"), set()).add(node.attr)
    return found


def hostile_texts(pattern: re.Pattern[Any], length: int) -> Iterator[str]:
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    pumps: list[tuple[str, str]] = []
    sample = _explore(parser.parse(text, pattern.flags & ~re.UNICODE), "", pumps)
    letters = sorted({pump for _before, pump in pumps if len(pump) == 1})[:5]
    pairs = [one + other for one in letters for other in letters if one != other]
    wanted = {
        *pumps,
        *(("", pump) for _before, pump in pumps),
        *(("", pump) for pump in (*pairs, *" \na1.", sample)),
    }
    for before, pump in sorted(wanted):
        if pump:
            for end in ENDS:
                yield before + pump * (length // len(pump)) + end


def _explore(tree: Any, before: str, pumps: list[tuple[str, str]]) -> str:
    """A text that the tree matches, more or less; what may be repeated goes to `pumps` with what stands before it."""
    text = ""
    for code, value in tree:
        match code:
            case codes.MAX_REPEAT | codes.MIN_REPEAT | codes.POSSESSIVE_REPEAT:
                least, most, inside = value
                once = _explore(inside, before + text, pumps)
                if most > 4:
                    pumps.extend((before + text, pump) for pump in {once, *_alone(inside)})
                text += once * least
            case codes.SUBPATTERN:
                text += _explore(value[3], before + text, pumps)
            case codes.ATOMIC_GROUP:
                text += _explore(value, before + text, pumps)
            case codes.BRANCH:
                branches = [_explore(branch, before + text, pumps) for branch in value[1]]
                text += branches[0]
            case codes.ASSERT:
                _explore(value[1], before + text, pumps)
            case codes.LITERAL | codes.NOT_LITERAL | codes.ANY | codes.IN:
                text += next(iter(_matching(code, value)), "")
    return text


def _alone(tree: Any) -> list[str]:
    """The usual characters that the tree matches, if it is one set of characters."""
    one = list(tree)
    return (
        _matching(*one[0]) if len(one) == 1 and one[0][0] in (codes.IN, codes.ANY, codes.NOT_LITERAL) else []
    )


def _matching(code: Any, value: Any) -> list[str]:
    match code:
        case codes.LITERAL:
            return [chr(value)]
        case codes.NOT_LITERAL:
            return [one for one in USUAL if ord(one) != value][:4]
        case codes.ANY:
            return ["a", " "]
    found = [one for one in USUAL if _is_in(one, value)]
    firsts = (chr(item[1] if item[0] is codes.LITERAL else item[1][0]) for item in value if item[0] in LISTED)
    return found[:6] or list(firsts)[:1]


LISTED = (codes.LITERAL, codes.RANGE)
CATEGORIES: dict[Any, Callable[[str], bool]] = {
    codes.CATEGORY_DIGIT: str.isdigit,
    codes.CATEGORY_NOT_DIGIT: lambda one: not one.isdigit(),
    codes.CATEGORY_SPACE: str.isspace,
    codes.CATEGORY_NOT_SPACE: lambda one: not one.isspace(),
    codes.CATEGORY_WORD: lambda one: one.isalnum() or one == "_",
    codes.CATEGORY_NOT_WORD: lambda one: not (one.isalnum() or one == "_"),
}


def _is_in(one: str, items: Any) -> bool:
    negated = any(code is codes.NEGATE for code, _value in items)
    for code, value in items:
        if (
            (code is codes.LITERAL and ord(one) == value)
            or (code is codes.RANGE and value[0] <= ord(one) <= value[1])
            or (code is codes.CATEGORY and CATEGORIES[value](one))
        ):
            return not negated
    return negated


def slow_texts(name: str, pattern: re.Pattern[Any]) -> Iterator[str]:
    """What the pattern needs too long for. The texts grow, so that the test itself ends soon."""
    longest = CUT_BEFORE.get(name, CHARACTERS)
    for text in hostile_texts(pattern, longest):
        for method in uses().get(name, {"search", "fullmatch"}):
            if _is_slow(pattern, method, text, longest):
                yield f"{method} on {text[:40]!r} ..."
                return


def _is_slow(pattern: re.Pattern[Any], method: str, text: str, longest: int) -> bool:
    subject: Any = text if isinstance(pattern.pattern, str) else text.encode()
    parts = [_shortened(subject, longest // 16), _shortened(subject, longest // 4), subject]
    if _seconds(pattern, method, parts[0]) <= TRIFLE:
        del parts[:2]
    return any(_exceeds(SUSPICIOUS, pattern, method, part, tries=1) for part in parts) and (
        any(_exceeds(SECONDS, pattern, method, part) for part in parts)
        or _grows_with_square(pattern, method, subject)
    )


def _shortened(text: Any, length: int) -> Any:
    """Without a piece of its middle: what stands before the repetition and behind it stays."""
    return text[: length - 4] + text[-4:]


def _grows_with_square(pattern: re.Pattern[Any], method: str, text: Any) -> bool:
    quarter = _shortened(text, len(text) // 4)
    bound = GROWTH * min(_seconds(pattern, method, quarter) for _try in range(TRIES))
    return _exceeds(max(SUSPICIOUS, bound), pattern, method, text)


def _exceeds(seconds: float, pattern: re.Pattern[Any], method: str, text: Any, *, tries: int = TRIES) -> bool:
    """True if each try takes longer: other processes and the garbage of other tests prolong some."""
    return all(_seconds(pattern, method, text) > seconds for _try in range(tries))


def _seconds(pattern: re.Pattern[Any], method: str, text: Any) -> float:
    started = time.thread_time()
    _use(pattern, method, text)
    return time.thread_time() - started


def _use(pattern: re.Pattern[Any], method: str, text: Any) -> object:
    if method == "sub":
        return pattern.sub(lambda match: match[0], text)
    made = getattr(pattern, method)(text)
    return sum(1 for _match in made) if isinstance(made, Iterable) else made


@pytest.mark.parametrize("app", ["customers", "tickets.mail", "tickets", "escalation", "supportdesk"])
def test_no_pattern_is_slow_on_what_a_stranger_may_send(app: str) -> None:
    slow = {
        name: text
        for name, pattern in names_of_patterns()
        if name.startswith(app) and not (app == "tickets" and name.startswith("tickets.mail."))
        for text in slow_texts(name, pattern)
    }
    assert slow == {}


def test_no_pattern_is_slow_where_it_is_written() -> None:
    literal = dict(literal_patterns())
    assert len(literal) > 5
    assert {place: text for place, pattern in literal.items() for text in slow_texts(place, pattern)} == {}


def test_each_pattern_is_tried_with_text_that_it_repeats() -> None:
    tried = dict(names_of_patterns())
    assert len(tried) > 200
    assert "tickets.mail.html._TAG" in tried
    assert any(text.startswith("<aaa") for text in hostile_texts(tried["tickets.mail.html._TAG"], 100))


def test_a_pattern_that_grows_with_the_square_is_found() -> None:
    assert list(slow_texts("here.QUADRATIC", re.compile(r"\s*x\s*$")))
    assert not list(slow_texts("here.LINEAR", re.compile(r"(?<!\s)\s*+x")))  # tried by search and fullmatch


def test_what_is_cut_before_names_patterns_that_exist() -> None:
    assert set(CUT_BEFORE) <= {name for name, _pattern in names_of_patterns()}
