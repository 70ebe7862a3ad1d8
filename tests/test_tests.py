"""Every test asserts something, and no assertion is one that hardly any answer fails."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
# Calls that fail by themselves when the product is wrong.
ASSERTING = {"raises", "fail", "django_assert_num_queries", "django_assert_max_num_queries"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def sources() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(HERE)): ast.parse(path.read_text(encoding="utf-8"), str(path))
        for path in sorted(HERE.rglob("*.py"))
        if "benchmarks" not in path.parts
    }


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def cases(tree: ast.AST) -> Iterator[Function]:
    return (function for function in functions(tree) if function.name.startswith("test_"))


@cache
def calls(node: ast.AST) -> set[str]:
    """The last names of what is called: `rows.wait(3)` calls `wait`."""
    called = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
    names = {each.id for each in called if isinstance(each, ast.Name)}
    return names | {each.attr for each in called if isinstance(each, ast.Attribute)}


@cache
def has_own_assertion(function: Function) -> bool:
    return any(isinstance(node, ast.Assert) for node in ast.walk(function))


def is_asserting(function: Function, helpers: set[str]) -> bool:
    return has_own_assertion(function) or bool(calls(function) & (ASSERTING | helpers))


def helpers_of(trees: Iterable[ast.Module], others: Iterable[str] = ()) -> set[str]:
    """Names of functions that assert for the test that calls them, by themselves or by other helpers."""
    known = [each for tree in trees for each in functions(tree) if not each.name.startswith("test_")]
    asserting = set(others)
    while more := {each.name for each in known if is_asserting(each, asserting)} - asserting:
        asserting |= more
    return asserting


def without_assertion(path: str, tree: ast.Module, everywhere: set[str]) -> list[str]:
    """Tests that assert nothing. A helper of the test's own file hides one of the same name elsewhere."""
    helpers = helpers_of([tree], everywhere - {each.name for each in functions(tree)})
    return [f"{path}:{test.lineno} {test.name}" for test in cases(tree) if not is_asserting(test, helpers)]


def assertions(tree: ast.AST) -> Iterator[ast.Assert]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Assert))


def alternatives(path: str, tree: ast.AST) -> list[str]:
    """`assert this or that` passes whenever one of them holds: say which of them is true when."""
    return [
        f"{path}:{node.lineno} {ast.unparse(node.test)}"
        for node in assertions(tree)
        if isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.Or)
    ]


def always_true(path: str, tree: ast.AST) -> list[str]:
    """A tuple, a text, a generator and a function are true whatever they hold."""
    true = ast.Tuple | ast.GeneratorExp | ast.Lambda | ast.JoinedStr | ast.Constant
    return [
        f"{path}:{node.lineno} {ast.unparse(node.test)}"
        for node in assertions(tree)
        if isinstance(node.test, true)
    ]


def unused_comparisons(path: str, tree: ast.AST) -> list[str]:
    """`a == b` on a line of its own, where the `assert` was forgotten."""
    return [
        f"{path}:{node.lineno} {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Compare)
    ]


RULES = [alternatives, always_true, unused_comparisons]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_test_has(rule):
    assert [fault for path, tree in sources().items() for fault in rule(path, tree)] == []


def test_every_test_asserts_something():
    trees = sources()
    everywhere = helpers_of(trees.values())
    assert [
        fault for path, tree in trees.items() for fault in without_assertion(path, tree, everywhere)
    ] == []


@pytest.mark.parametrize(
    ("rule", "sample"),
    [
        (alternatives, "assert a == b or len(c) > 2"),
        (alternatives, "def helper():\n    assert not a or b"),
        (always_true, "assert (a, b)"),
        (always_true, "assert (a == b, 'message')"),
        (always_true, "assert (row for row in rows)"),
        (always_true, "assert True"),
        (unused_comparisons, "def test_it():\n    a == b"),
    ],
)
def test_a_rule_sees(rule, sample):
    assert len(rule("test_x.py", ast.parse(sample))) == 1


@pytest.mark.parametrize(
    ("rule", "sample"),
    [
        (alternatives, "assert (a or b) == c"),
        (alternatives, "assert a and b"),
        (always_true, "assert (a, b) == (1, 2)"),
        (always_true, "assert [row for row in rows]"),
        (unused_comparisons, "same = a == b"),
    ],
)
def test_a_rule_lets_pass(rule, sample):
    assert rule("test_x.py", ast.parse(sample)) == []


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ("work()", 1),
        ("assert work()", 0),
        ("checked()", 0),
        ("compared()", 0),
        ("through()", 0),
        ("self.page.checked()", 0),
        ("with pytest.raises(ValueError):\n        work()", 0),
        ("with django_assert_num_queries(2):\n        work()", 0),
    ],
)
def test_an_assertion_is_found_in_the_test_or_in_what_it_calls(body, faults):
    source = f"def checked():\n    assert a\ndef through():\n    checked()\ndef test_it():\n    {body}\n"
    assert len(without_assertion("test_x.py", ast.parse(source), {"compared"})) == faults


def test_a_helper_of_the_same_name_elsewhere_does_not_count():
    source = "def compared():\n    work()\ndef test_it():\n    compared()\n"
    assert len(without_assertion("test_x.py", ast.parse(source), {"compared"})) == 1
