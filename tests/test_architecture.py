"""The rules of the house that a machine can read: import order, who reads the time, one name a thing, short files."""

import ast
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ["customers", "tickets", "escalation", "supportdesk"]
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
NINE_IN_TEN_UNDER = 30
# Where the current time may be read: the edges. Everything else is told the time.
EDGES = {
    "tasks",
    "tasks.py",
    "commands",
    "views.py",
    "pages",
    "monitoring",
    "admin",
    "middleware.py",
    "listener.py",
    "processes",
    "shared_cache.py",
}
# The one module that reads the clock of the host, and the column that is stamped without a caller.
TIME_OF_RECORD = Path("customers/time_of_record.py")
STAMPED = Path("customers/recorded_time_field.py")
HOST_CLOCKS = {"timezone.now", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
HOST_CLOCKS_UNASKED = {"timezone.localtime", "timezone.localdate", "localtime", "localdate"}  # without a time
MODEL_SIGNALS = {"django.db.models.signals", "django.dispatch"}


def sources() -> list[Path]:
    """Every module of the four apps except migrations, relative to the root."""
    return sorted(
        path.relative_to(ROOT)
        for layer in LAYERS
        for path in (ROOT / layer).rglob("*.py")
        if "migrations" not in path.parts
    )


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and module of every import in a tree, those inside functions and under TYPE_CHECKING included."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield node.lineno, module
            case ast.ImportFrom():
                yield node.lineno, "a relative import"


def hidden_imports(path: Path, tree: ast.AST) -> list[str]:
    """Imports inside functions. Only AppConfig.ready has a reason: models must be loaded before handlers."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        f"{path}:{line} imports {name} inside {function.name}()"
        for function in functions
        if not (path.name == "apps.py" and function.name == "ready")
        for line, name in imports(function)
    ]


def clock_reads(path: Path, tree: ast.AST) -> list[str]:
    """Reads of the host's clock anywhere, and of the time of record outside the edges, to which it is handed."""
    if path == TIME_OF_RECORD:
        return []
    reads = set(HOST_CLOCKS)
    if path != STAMPED and not EDGES & set(path.parts):
        reads.add("time_of_record.now")
    names = [(node.lineno, ast.unparse(node)) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    found = [(line, name) for line, name in names if name in reads]
    return [f"{path}:{line} reads {name}" for line, name in found + list(_unasked_clock_reads(tree))]


def _unasked_clock_reads(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=func, args=[], keywords=[]) if ast.unparse(func) in HOST_CLOCKS_UNASKED:
                yield node.lineno, ast.unparse(func)
            case ast.keyword(arg="auto_now" | "auto_now_add" as name):
                yield node.value.lineno, name


def model_signals(path: Path, tree: ast.AST) -> list[str]:
    """Signals of rows. The end of `migrate` is none: an AppConfig may wait for it."""
    allowed = {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and path.name == "apps.py"
        if [alias.name for alias in node.names] == ["post_migrate"]
    }
    used = [(line, name) for line, name in imports(tree) if name in MODEL_SIGNALS and line not in allowed]
    return [f"{path}:{line} uses {name}" for line, name in used]


def uncollected_words(path: Path, tree: ast.AST) -> list[str]:
    """Names under which makemessages does not find what is to be translated."""
    taken = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    renamed = (
        (node.lineno, each.asname)
        for node in taken
        if node.module == "django.utils.translation"
        for each in node.names
        if each.asname not in (None, "_") and "gettext" in each.name
    )
    return [f"{path}:{line} translates by {name}" for line, name in renamed]


def times_called_clock(path: Path, tree: ast.AST) -> list[str]:
    """A clock is a promise. What tells the time is called `read_clock`."""
    named = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.arg) and node.arg == "clock" and node.annotation
    )
    return [
        f"{path}:{arg.lineno} calls a time source clock"
        for arg in named
        if "Callable" in ast.unparse(arg.annotation)
    ]


def classes(trees: dict[Path, ast.Module]) -> dict[str, list[Path]]:
    """Where each class is defined, by its name without the underscore of private ones.

    Django wants its commands to be called Command, and an inner Meta is no class of ours.
    """
    paths_by_class = defaultdict(list)
    for path, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name != "Command":
                paths_by_class[node.name.lstrip("_")].append(path)
    return paths_by_class


def lengths(tree: ast.AST) -> list[tuple[int, str]]:
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [((node.end_lineno or node.lineno) - node.lineno + 1, node.name) for node in functions]


def long_files(path: Path, text: str) -> list[str]:
    lines = text.count("\n")
    return [f"{path} has {lines} lines, more than {LONGEST_FILE}"] if lines > LONGEST_FILE else []


RULES = [hidden_imports, clock_reads, times_called_clock, model_signals, uncollected_words]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_has_none_of(rule):
    assert [fault for path in sources() for fault in rule(path, parsed(path))] == []


def test_no_file_of_the_house_is_too_long_to_read_in_one_go():
    faults = [fault for path in sources() for fault in long_files(path, (ROOT / path).read_text("utf-8"))]
    assert faults == []


def test_no_class_name_stands_for_two_things():
    paths_by_class = classes({path: parsed(path) for path in sources()})
    assert {name: paths for name, paths in paths_by_class.items() if len(paths) > 1} == {}


def test_functions_are_short_enough_to_be_read_at_a_glance():
    spans = sorted((length, name, str(path)) for path in sources() for length, name in lengths(parsed(path)))
    assert [span for span in spans if span[0] > LONGEST_FUNCTION] == []
    assert spans[len(spans) * 9 // 10][0] < NINE_IN_TEN_UNDER


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_imports_run_one_way():
    checked = lint_imports(ROOT)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_imports_that_run_the_wrong_way_are_found(tmp_path):
    """Between the apps, and between the rooms of one."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for app in LAYERS:
        shutil.copytree(
            ROOT / app, tmp_path / app, ignore=shutil.ignore_patterns("__pycache__", "*.po", "*.mo")
        )
    for wrong, module in (
        ("tickets.models", "customers/access.py"),
        ("escalation.admin", "escalation/lib/weeks.py"),
    ):
        with (tmp_path / module).open("a") as file:
            file.write(f"\nimport {wrong}\n")
    checked = lint_imports(tmp_path)
    assert checked.returncode == 1
    assert "customers.access -> tickets.models" in checked.stdout
    assert "escalation.lib.weeks -> escalation.admin" in checked.stdout


def test_every_module_opens_by_saying_what_lives_there():
    silent = [str(path) for path in sources() if parsed(path).body and not ast.get_docstring(parsed(path))]
    assert silent == []


def test_the_top_level_holds_what_the_design_names_and_nothing_else():
    named = {"manage.py", "pyproject.toml", "README.md", "tests", *LAYERS}
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert {name for name in names - named if not name.endswith(".egg-info") and name != "build"} == set()


@pytest.mark.parametrize(
    ("rule", "path", "sample"),
    [
        (hidden_imports, "tickets/tasks.py", "def work():\n    from tickets.models import Ticket"),
        (hidden_imports, "tickets/tasks.py", "class A:\n    async def work(self):\n        import json"),
        (hidden_imports, "tickets/apps.py", "class A:\n    def set_up(self):\n        import json"),
        (clock_reads, "tickets/services/x.py", "def work():\n    return timezone.now()"),
        (clock_reads, "tickets/models/x.py", "at = DateTimeField(default=timezone.now)"),
        (clock_reads, "escalation/x.py", "datetime.now(UTC)"),
        (clock_reads, "tickets/services/x.py", "def work():\n    return time_of_record.now()"),
        (clock_reads, "tickets/tasks.py", "timezone.now()"),
        (clock_reads, "tickets/admin/x.py", "today = timezone.localdate()"),
        (clock_reads, "tickets/models/x.py", "at = DateTimeField(auto_now_add=True)"),
        (model_signals, "tickets/handlers.py", "from django.db.models.signals import post_save"),
        (model_signals, "tickets/apps.py", "from django.db.models.signals import post_migrate, post_save"),
        (model_signals, "tickets/handlers.py", "from django.db.models.signals import post_migrate"),
        (model_signals, "tickets/handlers.py", "def f():\n    from django.dispatch import receiver"),
        (uncollected_words, "tickets/x.py", "from django.utils.translation import gettext as say"),
        (times_called_clock, "tickets/x.py", "def work(*, clock: Callable[[], float]): ..."),
    ],
)
def test_a_rule_sees(rule, path, sample):
    assert len(rule(Path(path), ast.parse(sample))) == 1


@pytest.mark.parametrize(
    ("rule", "path", "sample"),
    [
        (hidden_imports, "escalation/apps.py", "class A:\n    def ready(self):\n        import escalation.x"),
        (clock_reads, "tickets/tasks.py", "time_of_record.now()"),
        (clock_reads, "tickets/tasks.py", "timezone.localdate(now)"),
        (model_signals, "tickets/apps.py", "from django.db.models.signals import post_migrate"),
        (clock_reads, "tickets/management/commands/x.py", "time_of_record.now()"),
        (clock_reads, "tickets/admin/x.py", "time_of_record.now()"),
        (
            times_called_clock,
            "escalation/x.py",
            "def work(clock: Clock, read_clock: Callable[[], float]): ...",
        ),
        (
            uncollected_words,
            "tickets/x.py",
            "from django.utils.translation import gettext, gettext_lazy as _",
        ),
    ],
)
def test_a_rule_lets_pass(rule, path, sample):
    assert rule(Path(path), ast.parse(sample)) == []


def test_a_name_of_two_classes_is_seen():
    trees = {
        Path("a.py"): ast.parse("class _Line: ..."),
        Path("b.py"): ast.parse("class Line: ...\nclass Command: ..."),
    }
    assert classes(trees) == {"Line": [Path("a.py"), Path("b.py")]}


def test_the_length_of_a_function_is_its_lines():
    assert lengths(ast.parse("def f():\n    x = 1\n    return x")) == [(3, "f")]


def test_a_file_one_line_too_long_is_seen():
    assert long_files(Path("x.py"), "\n" * LONGEST_FILE) == []
    assert len(long_files(Path("x.py"), "\n" * (LONGEST_FILE + 1))) == 1
