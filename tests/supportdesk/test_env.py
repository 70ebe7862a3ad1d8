"""Environment variables: what is taken, and the sentence for what is not."""

import os
import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from supportdesk.env import Env

SITE = ("http", "https")
DEFAULT = "sqlite:////var/desk.sqlite3"


def env(value: str) -> Env:
    return Env({"X": value})


@pytest.mark.parametrize(("given", "taken"), [("", "default"), ("  ", "default"), (" a ", "a")])
def test_an_empty_value_counts_as_not_set(given, taken):
    assert env(given).text("X", "default") == taken
    assert Env({}).text("X", "default") == "default"


@pytest.mark.parametrize("value", ["1", "true", "Yes", "ON"])
def test_a_flag_is_on(value):
    assert env(value).flag("X", "no") is True


@pytest.mark.parametrize("value", ["0", "False", "no", "off", ""])
def test_a_flag_is_off(value):
    assert env(value).flag("X", "no") is False


@pytest.mark.parametrize(("value", "number"), [("1", 1), ("64", 64), ("", 2)])
def test_a_number_between_its_ends_is_taken(value, number):
    assert env(value).number("X", 2, least=1, most=64) == number


def test_words_are_separated_by_commas():
    assert env("a, b,, c ").words("X", "") == ["a", "b", "c"]
    assert env("").words("X", "") == []


@pytest.mark.parametrize("value", ["http://127.0.0.1:8000", "https://desk.example.com/support", ""])
def test_a_whole_address_is_taken(value):
    assert env(value).url("X", "", SITE) == value


@pytest.mark.parametrize(
    ("value", "name", "host"),
    [
        ("postgres://desk:s%40crt@db:5432/desk", "desk", "db"),
        ("postgresql:///desk", "desk", ""),
        ("sqlite:////var/a%23b.sqlite3", "/var/a#b.sqlite3", ""),
        ("", "/var/desk.sqlite3", ""),
    ],
)
def test_a_database_is_read(value, name, host):
    database = env(value).database("X", DEFAULT)
    assert (database["NAME"], database.get("HOST", "")) == (name, host)


@pytest.mark.parametrize("value", ["support@desk.example", "Support <support@desk.example>"])
def test_a_mail_address_is_taken(value):
    assert env(value).address("X", "") == value


def test_a_folder_is_made(tmp_path):
    assert env(str(tmp_path / "a" / "b")).folder("X", Path("/")).is_dir()


REFUSED = [
    pytest.param(lambda: env("maybe").flag("X", "no"), "Set it to yes or no", id="flag"),
    pytest.param(lambda: env("0").number("X", 2, least=1, most=64), "from 1 to 64", id="too small"),
    pytest.param(lambda: env("65").number("X", 2, least=1, most=64), "from 1 to 64", id="too large"),
    pytest.param(lambda: env("-1").number("X", 2, least=1, most=64), "'-1'", id="negative"),
    pytest.param(lambda: env("2.5").number("X", 2, least=1, most=64), "whole number", id="a fraction"),
    pytest.param(lambda: env("²").number("X", 2, least=1, most=64), "whole number", id="no plain digit"),
    pytest.param(lambda: env("c").choice("X", "a", ("a", "b")), "one of: a, b", id="choice"),
    pytest.param(lambda: env("Mars/Base").zone("X", "UTC"), "IANA name", id="zone"),
    pytest.param(lambda: env("../etc/passwd").zone("X", "UTC"), "IANA name", id="a path as zone"),
    pytest.param(lambda: env("Europe").zone("X", "UTC"), "IANA name", id="half a zone"),
    pytest.param(lambda: env("support").address("X", ""), "no email address", id="address"),
    pytest.param(lambda: env("@desk.example").address("X", ""), "no email address", id="no local part"),
    pytest.param(lambda: env("ftp://x").url("X", "", SITE), "http:// or https://", id="scheme"),
    pytest.param(lambda: env("desk.example.com").url("X", "", SITE), "http://", id="no scheme"),
    pytest.param(lambda: env("https://").url("X", "", SITE), "http://", id="no host"),
    pytest.param(lambda: env("https://[::1").url("X", "", SITE), "http://", id="half an IPv6 address"),
    pytest.param(lambda: env("http://a:port").url("X", "", SITE), "http://", id="port"),
    pytest.param(lambda: env("mysql://a/b").database("X", ""), "postgres://", id="another database"),
    pytest.param(lambda: env("postgres://u:p#w@h/db").database("X", ""), "%23", id="bare # in a password"),
    pytest.param(lambda: env("postgres://h:port/db").database("X", ""), "postgres://", id="database port"),
    pytest.param(lambda: env("/dev/null/x").folder("X", Path("/")), "cannot be made", id="folder"),
]


@pytest.mark.parametrize(("read", "sentence"), REFUSED)
def test_a_bad_value_is_refused_with_its_name_and_what_to_do(read, sentence):
    with pytest.raises(ImproperlyConfigured) as refusal:
        read()
    assert str(refusal.value).startswith("X ")
    assert sentence in str(refusal.value)


def test_a_refused_address_does_not_show_its_password():
    with pytest.raises(ImproperlyConfigured) as refusal:
        env("postgres://desk:hunter2@h:x/db").database("X", "")
    assert "hunter2" not in str(refusal.value)


def test_a_folder_this_user_may_not_write_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ImproperlyConfigured, match="may not write"):
        env(str(tmp_path)).folder("X", Path("/"))


def test_a_created_folder_is_accessible_to_its_owner_only(tmp_path):
    folder = Env({"VAR": str(tmp_path / "desk")}).folder("VAR", tmp_path)
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("value", ["plus", "off", "bounces@mail.example.com", ""])
def test_an_address_or_one_of_the_words_is_taken(value):
    assert env(value).address_or("X", "plus", words=("plus", "off")) == (value or "plus")


@pytest.mark.parametrize(
    "value", ["on", "bounces", "Bounces <bounces@mail.example.com>", "@x", "a@", "a@b@c"]
)
def test_what_is_neither_an_address_nor_one_of_the_words_is_refused(value):
    with pytest.raises(ImproperlyConfigured, match="one of: plus, off"):
        env(value).address_or("X", "plus", words=("plus", "off"))


def test_a_folder_from_before_is_closed_to_everybody_else(tmp_path):
    folder = tmp_path / "desk"
    folder.mkdir()
    folder.chmod(0o755)
    env(str(folder)).folder("X", Path("/"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_name_in_the_file_that_nothing_reads_is_refused_with_the_likely_one():
    asked = Env({})
    asked.text("DESK_ADDRESS", "")
    asked.refuse_unknown(["DESK_ADDRESS"], file=".env")
    with pytest.raises(ImproperlyConfigured, match="Did you mean DESK_ADDRESS"):
        asked.refuse_unknown(["DESK_ADRESS"], file=".env")
    with pytest.raises(
        ImproperlyConfigured, match=r"SMTP stands in \.env, but the desk has no such setting\. Correct"
    ):
        asked.refuse_unknown(["SMTP"], file=".env")


def test_variables_of_other_programs_are_no_misspelt_settings():
    asked = Env({"PATH": "/bin", "DESK_ADRESS": "x", "SITE_ULR": "x", "DESK_CLUSTER": "x", "HOME": "/"})
    for name in ("DESK_ADDRESS", "SITE_URL"):
        asked.text(name, "")
    assert asked.misspelt() == [("DESK_ADRESS", "DESK_ADDRESS"), ("SITE_ULR", "SITE_URL")]
