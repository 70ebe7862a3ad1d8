"""The papers tell the truth: what they name exists, decisions are dated and listed, packages list their modules."""

import ast
import pydoc
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
APPS = ("customers", "tickets", "escalation", "supportdesk")
TOPS = {*APPS, "tests", ".ci", ".build", ".github"}
INDEX = ROOT / ".github" / "DECISIONS.md"
DECISIONS = ROOT / ".github" / "decisions"
FILE = re.compile(r"[\w./-]+\.(?:py|md|toml|yaml|html|css|js|po)")
DOTTED = re.compile(rf"(?:{'|'.join(APPS)})(?:\.(?!csv|py)\w+)+")
DATED = re.compile(r"\*20\d\d-[01]\d-[0-3]\d(?:, [^*]+)?\*")
# Django finds these by their place, so nobody reads them in an order.
UNORDERED = {"migrations", "management", "commands", "formats", "en", "zh_Hans"}


def papers() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / ".github").rglob("*.md"))]


# --- What a paper names ---


def quoted(text: str) -> list[str]:
    """The first word of whatever stands in backticks, without blocks of code."""
    prose = re.sub(r"(?ms)^```.*?^```", "", text)
    return [words.split()[0] for words in re.findall(r"`([^`\n]+)`", prose) if words.strip()]


def is_path(name: str) -> bool:
    return bool(FILE.fullmatch(name)) or ("/" in name and name.split("/")[0] in TOPS)


def exists(name: str, beside: Path) -> bool:
    return (ROOT / name).exists() or (beside / name).exists()


def missing_paths(text: str, beside: Path) -> list[str]:
    return [name for name in quoted(text) if is_path(name) and not exists(name, beside)]


def missing_modules(text: str) -> list[str]:
    dotted = [name for name in quoted(text) if DOTTED.fullmatch(name)]
    return [name for name in dotted if pydoc.locate(name) is None]


def missing_commands(text: str) -> list[str]:
    return [name for name in re.findall(r"manage\.py ([a-z]\w+)", text) if name not in get_commands()]


def broken_links(text: str, beside: Path) -> list[str]:
    """Links to files of the repository; an address with a scheme is nobody's file."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target for target in targets if ":" not in target and not _is_reached(target, beside)]


def _is_reached(target: str, beside: Path) -> bool:
    name, _hash, anchor = target.partition("#")
    path = beside / name
    return path.exists() and (
        not anchor or anchor in {slug(title) for title in headings(path.read_text("utf-8"))}
    )


def headings(text: str) -> list[str]:
    return re.findall(r"(?m)^#+ (.+)$", text)


def slug(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def named_decisions(text: str) -> list[str]:
    """The files of decisions that code refers to, by their path from the root."""
    return re.findall(r"\.github/decisions/[\w-]+\.md", text)


def sources() -> Iterator[Path]:
    """Whatever a comment may stand in."""
    yield from (ROOT / "pyproject.toml", *(ROOT / ".ci").iterdir(), *(ROOT / ".build").glob("*.py"))
    for top in (*APPS, "tests"):
        yield from (path for path in (ROOT / top).rglob("*.py") if path.name != Path(__file__).name)


def test_decisions_that_code_refers_to_are_there():
    named = {
        name for path in sources() if path.is_file() for name in named_decisions(path.read_text("utf-8"))
    }
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_a_reference_to_a_decision_is_seen():
    assert named_decisions("# as .github/decisions/gone.md says") == [".github/decisions/gone.md"]


@pytest.mark.parametrize("path", papers(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_paper_names_nothing_that_is_gone(path):
    text = path.read_text("utf-8")
    assert missing_paths(text, path.parent) == []
    assert missing_modules(text) == []
    assert missing_commands(text) == []
    assert broken_links(text, path.parent) == []


@pytest.mark.parametrize(
    "sample",
    [
        "`tickets/gone.py`",
        "`tickets/gone/`",
        "`gone.py`",
        "`tests/gone.py --fast 3`",
        "`.ci/gone`",
        "a `gone.md` b",
    ],
)
def test_a_missing_path_is_seen(sample):
    assert len(missing_paths(sample, ROOT)) == 1


@pytest.mark.parametrize(
    "sample",
    ["`tickets/events.py`", "`README.md`", "`tickets/mail/`", "`/healthz`", "`Asia/Shanghai`", "`.env`", "gone.py",
     "`promises.csv`", "```\ncat `gone.py`\n```"],
)  # fmt: skip
def test_an_existing_path_or_a_word_that_is_no_path_is_accepted(sample):
    assert missing_paths(sample, ROOT) == []


def test_a_path_may_be_named_as_seen_from_its_paper():
    assert missing_paths("`house.md`", ROOT) == ["house.md"]
    assert missing_paths("`house.md`", DECISIONS) == []


def test_a_missing_module_or_name_in_it_is_seen():
    text = "`tickets.errors.DeskError` `tickets.gone` `tickets.errors.Gone` `django.gone`"
    assert missing_modules(text) == ["tickets.gone", "tickets.errors.Gone"]


def test_a_missing_command_is_seen_in_blocks_of_code_too():
    assert missing_commands("`manage.py sweep`\n```\npython manage.py gone --now\n```") == ["gone"]


def test_a_broken_link_is_seen():
    text = (
        "[a](README.md) [b](gone.md) [c](README.md#two-commands) [d](README.md#gone) [e](https://example.com)"
    )
    assert broken_links(text, ROOT) == ["gone.md", "README.md#gone"]


# --- Decisions ---


def undated(text: str) -> list[str]:
    """Decisions (headings of the second level) that are not followed by their date."""
    parts = re.split(r"(?m)^## ", text)[1:]
    return [part.splitlines()[0] for part in parts if not DATED.fullmatch("".join(part.splitlines()[1:2]))]


def index_lines(name: str, text: str) -> list[str]:
    titles = re.findall(r"(?m)^## (.+)$", text)
    return [f"- [{title}](decisions/{name}#{slug(title)})" for title in titles]


def decision_files() -> list[Path]:
    return sorted(DECISIONS.glob("*.md"))


@pytest.mark.parametrize("path", decision_files(), ids=lambda path: path.stem)
def test_every_decision_has_its_date(path):
    text = path.read_text("utf-8")
    assert re.search(r"(?m)^## ", text)
    assert undated(text) == []


def test_the_index_lists_each_decision_once_and_no_other():
    listed = [line for line in INDEX.read_text("utf-8").splitlines() if line.startswith("- ")]
    wanted = [line for path in decision_files() for line in index_lines(path.name, path.read_text("utf-8"))]
    assert sorted(listed) == sorted(wanted)


def test_decisions_are_filed_by_the_package_they_are_about():
    known = {path.name for app in APPS for path in (ROOT / app).rglob("*") if path.is_dir()} | {
        *APPS,
        "house",
    }
    assert {path.stem for path in decision_files()} - known == set()


def test_a_decision_without_a_date_is_seen():
    text = "# D\n\n## A\n*2026-11-22*\n\nwhy\n\n## B\n\nwhy\n\n## C\n*2026-11-22, replaced on 2026-11-28*\n"
    assert undated(text) == ["B"]


def test_the_anchor_of_a_heading_is_that_of_github():
    assert slug('"Who is told" is `/healthz`, and a step_at') == "who-is-told-is-healthz-and-a-step_at"


# --- Packages ---


def packages() -> list[Path]:
    folders = (path.parent for app in APPS for path in (ROOT / app).rglob("__init__.py"))
    return sorted(path for path in folders if not UNORDERED & set(path.parts))


def modules(package: Path) -> set[str]:
    files = {path.stem for path in package.glob("*.py")} - {"__init__", "apps"}
    return files | {path.parent.name for path in package.glob("*/__init__.py")} - UNORDERED


def unlisted(docstring: str, there: Iterable[str]) -> list[str]:
    return sorted(set(there) - set(re.findall(r"\w+", docstring)))


def gone(docstring: str, there: Iterable[str]) -> list[str]:
    """Modules that the docstring lists after "in this order:", a name between two commas, and that do not exist.

    What stands in parentheses says what is inside a package, and is that package's own to list.
    """
    return sorted(set(_listed(docstring)) - set(there))


def _listed(docstring: str) -> Iterator[str]:
    for sentence in re.findall(r"(?s)in this order: (.*?)\.(?:\s|$)", docstring):
        plain_sentence = re.sub(r"\([^)]*\)", "", " ".join(sentence.split()))
        items = re.split(r"[,;]| and ", plain_sentence)
        yield from (
            name for item in items if re.fullmatch(r"\w+", name := item.strip().removeprefix("then "))
        )


def docstring_of(package: Path) -> str:
    return ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8"))) or ""


@pytest.mark.parametrize("package", packages(), ids=lambda package: str(package.relative_to(ROOT)))
def test_a_package_lists_its_modules_in_reading_order(package):
    docstring, there = docstring_of(package), modules(package)
    assert unlisted(docstring, there) == []
    assert gone(docstring, there) == []


def test_a_module_that_is_not_listed_is_seen():
    assert unlisted("Read in this order: one, two.", ["one", "two", "three"]) == ["three"]


def test_a_listed_module_that_is_gone_is_seen():
    docstring = (
        "Read in this order: one, old; then three (its, parts),\nand older; loading reads rows.\nMore, words."
    )
    assert gone(docstring, ["one", "three", "loading"]) == ["old", "older"]
