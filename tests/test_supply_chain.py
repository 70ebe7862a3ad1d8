"""What the desk stands on: bounded, pinned, above known advisories, and under licences that ask little."""

import re
import subprocess
import sys
import tomllib
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LINES = [*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)]
FILE = ROOT / ".github" / "constraints.txt"
PINNED = re.compile(r"[a-z0-9.-]+==[\w.+!]+( ; .+)?")
# The first versions without a hole that was published, as far as we know.
FIRST_SAFE = {
    "django": "5.2.11",  # SQL injection by column aliases, and slow texts: CVE-2026-1287, CVE-2026-1285
    "django-allauth": "65.13",  # tokens of switched-off accounts: CVE-2025-65430
    "cryptography": "46.0.5",  # points of small subgroups: CVE-2026-26007
    "requests": "2.33",  # a predictable name in the folder of temporary files: CVE-2026-25645
    "urllib3": "2.6.3",  # answers that unpack without an end: CVE-2026-21441
    "idna": "3.7",  # slow names: CVE-2024-3651
    "orjson": "3.11.6",  # deep nesting: CVE-2025-67221
    "gunicorn": "23",  # smuggled requests: CVE-2024-6827
    "redis": "4.5.4",  # answers of another request: CVE-2023-28859
    "sentry-sdk": "2.8",  # the environment reaches child processes: CVE-2024-40647
    "flask": "3.1.3",  # a session without Vary: CVE-2026-27205
    "flask-cors": "6",  # paths in another case: CVE-2024-6866
    "pytest": "9.0.3",  # a predictable folder of temporary files: CVE-2025-71176
}
# Of packages that others bring along.
FIRST_SAFE_OF_OTHERS = {
    "jinja2": "3.1.6", "werkzeug": "3.1.5", "certifi": "2024.7.4", "protobuf": "6.33.5", "sqlparse": "0.5.4",
    "virtualenv": "20.36.1", "filelock": "3.20.3", "pyjwt": "2.12",
}  # fmt: skip
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def pins() -> list[Requirement]:
    return [Requirement(line) for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]


def environment(python: str) -> dict[str, str]:
    return {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux"}


def pinned(python: str) -> dict[str, str]:
    """By name, the version that a Python gets."""
    held = [each for each in pins() if each.marker is None or each.marker.evaluate(environment(python))]
    return {canonicalize_name(each.name): next(iter(each.specifier)).version for each in held}


def licences() -> ModuleType:
    loader = SourceFileLoader("licences", str(ROOT / ".ci" / "licences"))
    spec = spec_from_loader("licences", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("line", sorted(set(LINES)))
def test_every_dependency_has_both_bounds(line):
    operators = {each.operator for each in Requirement(line).specifier}
    assert operators == {">=", "<"}


@pytest.mark.parametrize(("name", "first"), FIRST_SAFE.items())
def test_no_version_with_a_known_hole_is_admitted(name, first):
    lines = [Requirement(line) for line in LINES]
    lowest = [
        Version(bound.version)
        for each in lines
        if canonicalize_name(each.name) == name
        for bound in each.specifier
        if bound.operator == ">="
    ]
    assert lowest
    assert min(lowest) >= Version(first)


@pytest.mark.parametrize(("name", "first"), (FIRST_SAFE | FIRST_SAFE_OF_OTHERS).items())
def test_no_version_with_a_known_hole_is_pinned(name, first):
    assert {python: Version(pinned(python)[name]) >= Version(first) for python in PYTHONS} == dict.fromkeys(
        PYTHONS, True
    )


def test_the_constraints_name_versions_and_nothing_else():
    """No address of a registry, no folder, no option of pip."""
    lines = FILE.read_text("utf-8").splitlines()
    assert lines[0].startswith("# Made by .ci/constraints")
    assert [line for line in lines[1:] if not PINNED.fullmatch(line)] == []
    assert "://" not in FILE.read_text("utf-8")


@pytest.mark.parametrize("python", PYTHONS)
def test_the_bounds_admit_what_is_pinned_for_each_python(python):
    held = pinned(python)
    wrong = [
        f"{each.name} {held.get(canonicalize_name(each.name))}"
        for each in map(Requirement, LINES)
        if (each.marker is None or each.marker.evaluate(environment(python)))
        and not each.specifier.contains(held.get(canonicalize_name(each.name), "0"))
    ]
    assert wrong == []


def test_whatever_is_installed_of_the_desk_and_its_extras_is_pinned():
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    installed = licences().needed(licences().of_the_project(EXTRAS))
    assert len(installed) > 60
    assert sorted(installed.keys() - pinned(python).keys()) == []


def test_nothing_that_runs_asks_more_than_the_lgpl():
    done = subprocess.run(
        [sys.executable, ".ci/licences"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) > 30
    assert any(re.fullmatch(r"django [\d.]+: BSD-3-Clause", line) for line in lines)


@pytest.mark.parametrize(
    ("licence", "is_allowed"),
    [
        ("MIT", True),
        ("BSD License", True),
        ("Apache Software License", True),
        ("LGPL-3.0-only", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
        ("Mozilla Public License 2.0 (MPL 2.0)", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("GPL-3.0-or-later OR MIT", True),
        ("GPL-3.0-only", False),
        ("GNU General Public License v2 (GPLv2)", False),
        ("GNU Affero General Public License v3", False),
        ("AGPL-3.0-only", False),
        ("MIT AND GPL-2.0-only", False),
        ("SSPL-1.0", False),
        ("Other/Proprietary License", False),
        ("", False),
    ],
)
def test_a_licence_is_judged_by_what_may_be_chosen(licence, is_allowed):
    assert licences().is_allowed(licence) is is_allowed


@pytest.mark.parametrize("command", ["constraints", "sbom", "licences"])
def test_each_command_is_told_of_where_people_look(command):
    assert (ROOT / ".ci" / command).stat().st_mode & 0o111
    assert f".ci/{command}" in (ROOT / ".github" / "SECURITY.md").read_text("utf-8")


def test_the_image_and_the_guides_install_what_is_pinned():
    for path in (".deploy/Containerfile", ".github/guide/operator.md", ".github/guide/operator.zh.md"):
        assert "-c .github/constraints.txt" in (ROOT / path).read_text("utf-8")
