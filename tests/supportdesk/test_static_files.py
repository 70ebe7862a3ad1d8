"""Styles and scripts under names with a digest, by the real WSGI application of a process of its own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ASK = """
import io, json, sys
from supportdesk.wsgi import application
from django.template import engines

def ask(path):
    said = {}
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "localhost",
               "SERVER_PORT": "80", "HTTP_HOST": "localhost", "HTTP_ACCEPT_ENCODING": "gzip",
               "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr}
    body = application(environ, lambda status, headers: said.update(headers, status=int(status[:3])))
    said["bytes"] = sum(map(len, body))
    return said

page = "{% load static %}{% static 'supportdesk/desk.css' %} {% static 'admin/css/base.css' %}"
names = engines["django"].from_string(page).render({}).split()
answers = [ask(name) for name in names]
print(json.dumps({"names": names, "answers": answers, "plain": ask("/static/supportdesk/desk.css")}))
"""


def run(folder: Path, *words: str, **settings: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TZ", "LANG")}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={
            **kept,
            "DESK_VAR_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "supportdesk.settings",
            **settings,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def asked(folder: Path, **settings: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(folder, "-c", ASK, **settings))
    return answer


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    run(folder, "manage.py", "collectstatic", "--noinput", "-v", "0")
    return folder


def test_collected_files_have_hashed_names_that_browsers_keep_for_ever(collected: Path) -> None:
    got = asked(collected)
    assert [re.sub(r"\.[0-9a-f]{12}\.", ".HASH.", name) for name in got["names"]] == [
        "/static/supportdesk/desk.HASH.css", "/static/admin/css/base.HASH.css",
    ]  # fmt: skip
    for answer in got["answers"]:
        assert answer["status"] == 200
        assert answer["Cache-Control"] == "max-age=315360000, public, immutable"
        assert answer["Content-Encoding"] == "gzip"


def test_a_plain_name_is_asked_for_again_soon(collected: Path) -> None:
    plain = asked(collected)["plain"]
    assert (plain["status"], plain["Cache-Control"]) == (200, "max-age=60, public")


def test_what_a_new_version_changes_gets_a_new_name_and_open_pages_keep_the_old(
    collected: Path, tmp_path: Path
) -> None:
    before = set((collected / "static/supportdesk").glob("desk.*.css"))
    old = next(iter(before))
    left = old.with_name("desk.000000000000.css")
    left.write_bytes(old.read_bytes())
    run(collected, "manage.py", "collectstatic", "--noinput", "-v", "0")
    assert {old, left} <= set((collected / "static/supportdesk").glob("desk.*.css"))
    left.unlink()


def test_a_page_is_shown_before_anybody_collected_files(tmp_path: Path) -> None:
    got = asked(tmp_path)
    assert got["names"] == ["/static/supportdesk/desk.css", "/static/admin/css/base.css"]


def test_a_developer_needs_no_collecting(tmp_path: Path) -> None:
    got = asked(tmp_path, DEBUG="yes")
    assert got["names"] == ["/static/supportdesk/desk.css", "/static/admin/css/base.css"]
    assert [answer["status"] for answer in got["answers"]] == [200, 200]
