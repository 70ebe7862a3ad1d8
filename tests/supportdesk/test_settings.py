"""The settings as a fresh process reads them: embedded without anything, production only when it is safe."""

import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from supportdesk import settings

ROOT = Path(__file__).resolve().parents[2]
KEY = secrets.token_urlsafe(50)
TELL = """
import json, os, sys
import dotenv
dotenv.load_dotenv = lambda *args, **kwargs: False
from django.core.exceptions import ImproperlyConfigured
try:
    from supportdesk import settings
except ImproperlyConfigured as refusal:
    sys.exit(str(refusal))
print(json.dumps({name: getattr(settings, name, None) for name in sys.argv[1:]}, default=str))
"""


def process(variables: dict[str, str], *names: str) -> subprocess.CompletedProcess[str]:
    """A new process with only these variables reads the settings and prints the named ones."""
    clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [sys.executable, "-c", TELL, *names],
        env=clean,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def read(variables: dict[str, str], *names: str) -> list[object]:
    done = process(variables, *names)
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    return [values[name] for name in names]


def production(tmp_path: Path, **changes: str) -> dict[str, str]:
    return {"DESK_ENVIRONMENT": "production", "SECRET_KEY": KEY, "DESK_VAR_DIR": str(tmp_path), **changes}


@pytest.mark.parametrize("folder", ["plain", "with blank", "a#b?c%41d", "直播间"])
def test_a_desk_without_settings_runs_embedded_in_any_folder(tmp_path, folder):
    var = tmp_path / folder
    [databases, debug, key, broker] = read(
        {"DESK_VAR_DIR": str(var)}, "DATABASES", "DEBUG", "SECRET_KEY", "Q_CLUSTER"
    )
    default = databases["default"]
    assert default["NAME"] == str(var / "desk.sqlite3")
    assert default["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in default["OPTIONS"]["init_command"]
    assert "busy_timeout" in default["OPTIONS"]["init_command"]
    assert "synchronous=FULL" in default["OPTIONS"]["init_command"]
    assert debug is False
    assert key == (var / "secret_key").read_text()
    assert broker["orm"] == "default"


@pytest.mark.parametrize(("prepare", "is_prepared"), [("yes", True), ("no", False)])
def test_postgresql_prepares_statements_unless_a_pooler_forbids_it(tmp_path, prepare, is_prepared):
    url = "postgres://desk:secret@db:5432/desk"
    [databases] = read(
        {"DESK_VAR_DIR": str(tmp_path), "DATABASE_URL": url, "DATABASE_PREPARE": prepare}, "DATABASES"
    )
    options = databases["default"]["OPTIONS"]
    assert ("server_side_binding" in options, "prepare_threshold" in options) == (is_prepared, is_prepared)


def test_production_starts_with_what_it_needs(tmp_path):
    url = "postgres://desk:secret@db:5432/desk"
    changes = {"DATABASE_URL": url, "SITE_URL": "https://desk.example.com", "REDIS_URL": "redis://r:6379/0"}
    [databases, secure, cookie, redirect, hsts, broker] = read(
        production(tmp_path, **changes),
        "DATABASES", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_NAME", "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_SECONDS", "Q_CLUSTER",
    )  # fmt: skip
    assert databases["default"]["HOST"] == "db"
    assert (secure, cookie, redirect) == (True, "__Host-session", True)
    assert hsts > 0
    assert broker["redis"] == "redis://r:6379/0"
    assert not (tmp_path / "secret_key").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "secret"}, "SECRET_KEY is too weak"),
        ({"DEBUG": "yes"}, "Set DEBUG=no"),
        ({"DESK_ENVIRONMENT": "prod"}, "embedded, production"),
        ({"DATABASE_URL": "postgres://desk:pa#ss@db/desk"}, "DATABASE_URL"),
        ({"SITE_URL": "desk.example.com"}, "SITE_URL"),
        ({"DESK_TIME_ZONE": "Shanghai"}, "DESK_TIME_ZONE"),
        ({"DESK_ADDRESS": "support"}, "DESK_ADDRESS"),
        ({"QUEUE_WORKERS": "many"}, "QUEUE_WORKERS"),
        ({"SMTP_URL": "mail.example.com:25"}, "SMTP_URL"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
        ({"SITE_URL": "http://desk.example.com"}, "ALLOW_PLAIN_HTTP=yes"),
        ({"SITE_URL": "http://10.0.0.5:8000"}, "in the clear"),
        ({"ALLOWED_HOSTS": "desk.example.com,*"}, "ALLOWED_HOSTS is *"),
    ],
)
def test_a_bad_setting_is_one_sentence(tmp_path, changes, sentence):
    done = process(production(tmp_path, **changes))
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_queue_gives_up_a_task_before_it_would_hand_it_out_again(tmp_path):
    [cluster] = read({"DESK_VAR_DIR": str(tmp_path)}, "Q_CLUSTER")
    assert cluster["timeout"] < cluster["retry"]
    assert (cluster["max_attempts"], cluster["ack_failures"], cluster["catch_up"]) == (1, True, False)
    assert cluster["queue_limit"] == cluster["workers"]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL is durable by itself")
def test_what_sqlite_commits_is_on_the_disk():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone() == (2,)  # FULL


@pytest.mark.parametrize(
    "changes",
    [
        {"SITE_URL": "http://127.0.0.1:8000"},
        {"SITE_URL": "http://[::1]:8000"},
        {"SITE_URL": "http://localhost"},
        {"SITE_URL": "http://desk.example.com", "ALLOW_PLAIN_HTTP": "yes"},
    ],
)
def test_production_without_tls_is_for_the_same_machine_or_said_to_be_meant(tmp_path, changes):
    [plain] = read(production(tmp_path, **changes), "IS_PLAIN_HTTP")
    assert plain is ("ALLOW_PLAIN_HTTP" in changes)


def test_every_setting_of_the_example_is_one_that_the_desk_reads():
    example = (ROOT / ".env.example").read_text("utf-8")
    named = set(re.findall(r"(?m)^# ([A-Z][A-Z0-9_]+)=", example))
    assert len(named) > 30
    assert named <= settings.env.names
    assert settings.env.names - named == set()


def test_a_variable_that_resembles_a_setting_is_named(tmp_path):
    [misspelt] = read({"DESK_VAR_DIR": str(tmp_path), "DESK_ADRESS": "a@b.example"}, "MISSPELT_SETTINGS")
    assert misspelt == [["DESK_ADRESS", "DESK_ADDRESS"]]


def test_the_embedded_desk_keeps_a_key_of_its_own_for_encryption(tmp_path):
    variables = {"DESK_VAR_DIR": str(tmp_path)}
    keys, signing = read(variables, "ENCRYPTION_KEYS", "SECRET_KEY")
    assert keys == (tmp_path / "encryption_keys").read_text().split()
    assert signing not in keys
    assert read(variables, "ENCRYPTION_KEYS") == [keys]


@pytest.mark.parametrize("named", [{}, {"ENCRYPTION_KEYS": f"{KEY[::-1]},{KEY}"}])
def test_keys_of_the_environment_are_never_mixed_with_kept_ones(tmp_path, named):
    [keys, keeps] = read(
        {"DESK_VAR_DIR": str(tmp_path), "SECRET_KEY": KEY, **named}, "ENCRYPTION_KEYS", "KEEPS_OWN_KEYS"
    )
    assert keys == ([KEY[::-1], KEY] if named else [])
    assert keeps is False
    assert not (tmp_path / "encryption_keys").exists()


def test_a_weak_encryption_key_is_refused(tmp_path):
    done = process(production(tmp_path, ENCRYPTION_KEYS=f"{KEY},weak"))
    assert "ENCRYPTION_KEYS is too weak" in done.stderr
    assert KEY not in done.stderr
