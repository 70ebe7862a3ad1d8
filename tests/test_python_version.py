"""An older Python is refused in one sentence, by the README's commands and by pip; checks find the newest one."""

import ast
import os
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CHECK = ROOT / ".build" / "python_version.py"
NEEDED = PROJECT["project"]["requires-python"].removeprefix(">=")


def on_python(monkeypatch, *version):
    monkeypatch.setattr(sys, "version_info", version)
    return runpy.run_path(str(CHECK), run_name="__main__")


def test_an_older_python_is_refused_with_the_version_that_is_needed(monkeypatch):
    with pytest.raises(SystemExit) as refusal:
        on_python(monkeypatch, 3, 10, 13)
    sentence = str(refusal.value)
    assert f"needs Python {NEEDED} or newer, and this is Python 3.10.13" in sentence
    assert "\n" not in sentence


def test_the_oldest_python_that_is_promised_may_pass(monkeypatch):
    assert "refuse_older_python" in on_python(monkeypatch, *map(int, NEEDED.split(".")), 0)


@pytest.mark.parametrize("path", sorted((ROOT / ".build").glob("*.py")), ids=lambda path: path.name)
def test_every_python_3_can_read_what_refuses_it(path):
    assert ast.parse(path.read_text("utf-8"), feature_version=(3, 4)).body


def test_both_readme_commands_check_the_python_version_first():
    commands = [line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if " -m venv " in line]
    assert [line.split(" && ")[0] for line in commands] == ["python3 .build/python_version.py"] * 2


def test_pip_is_refused_by_the_backend_before_it_downloads_anything(monkeypatch):
    build = PROJECT["build-system"]
    assert build["requires"] == []
    monkeypatch.syspath_prepend(ROOT / build["backend-path"][0])
    backend = runpy.run_path(str(ROOT / build["backend-path"][0] / (build["build-backend"] + ".py")))
    assert backend["get_requires_for_build_editable"]() == ["setuptools>=68"]
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    for kind in ("wheel", "editable", "sdist"):
        with pytest.raises(SystemExit, match=f"needs Python {NEEDED}"):
            backend[f"get_requires_for_build_{kind}"]()


@pytest.fixture
def newest_python(tmp_path):
    """Runs `.ci/newest-python` on a machine that has these Pythons too; each is a script with its answer."""

    def run(*version, **answers):
        for name, answer in answers.items():
            python = tmp_path / "versions" / name / "bin" / "python3"
            python.parent.mkdir(parents=True)
            python.write_text(f"#!/bin/sh\n{answer}\n")
            python.chmod(0o755)
        script = [sys.executable, ROOT / ".ci" / "newest-python", *version]
        environment = {"PATH": os.defpath, "HOME": str(tmp_path), "PYENV_ROOT": str(tmp_path)}
        return subprocess.run(script, env=environment, capture_output=True, text=True, check=False)

    return run


def test_checks_find_the_newest_python_by_its_number(newest_python):
    printed = newest_python(older="echo 3 98 11", newest="echo 3 100 0", broken="echo 3 101 0; exit 1")
    assert printed.stdout.endswith("/versions/newest/bin/python3\n")


def test_checks_find_the_newest_python_of_one_version(newest_python):
    printed = newest_python("3.98", one="echo 3 98 1", two="echo 3 98 11", newer="echo 3 99 0")
    assert printed.stdout.endswith("/versions/two/bin/python3\n")


def test_checks_fail_with_a_sentence_where_that_python_is_missing(newest_python):
    printed = newest_python("3.98", prerelease="true", newer="echo 3 99 0")
    assert (printed.returncode, printed.stdout) == (1, "")
    assert "No Python 3.98 with venv is on this machine" in printed.stderr
