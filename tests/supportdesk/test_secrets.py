"""The secret key: strong, or refused; kept once, whoever comes first."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from supportdesk.secrets import (
    checked_secret_key,
    kept_encryption_keys,
    kept_secret_key,
    replace_kept_encryption_keys,
)

STRONG = "abcdefghij" * 4


def test_a_strong_key_is_taken():
    assert checked_secret_key(STRONG) == STRONG


@pytest.mark.parametrize("weak", ["", STRONG[:-1], "abcdefghi" * 9], ids=["empty", "short", "monotonous"])
def test_a_weak_key_is_refused_with_a_way_to_a_better_one(weak):
    with pytest.raises(ImproperlyConfigured, match="token_urlsafe"):
        checked_secret_key(weak)


def test_the_embedded_key_is_made_once_and_read_by_its_owner_only(tmp_path):
    path = tmp_path / "secret_key"
    key = kept_secret_key(path)
    assert checked_secret_key(key) == key
    assert kept_secret_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_processes_that_start_at_once_share_one_key(tmp_path):
    path = tmp_path / "secret_key"
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(kept_secret_key, [path] * 32))) == 1


def test_an_empty_key_file_is_filled_with_a_new_key(tmp_path):
    path = tmp_path / "secret_key"
    path.touch()
    assert kept_secret_key(path) == path.read_text()


@pytest.mark.parametrize("content", [b"half a key", b"\xff\xfe" * 10])
def test_a_damaged_file_is_named_and_left_alone(tmp_path, content):
    path = tmp_path / "secret_key"
    path.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match=f"{path} is damaged"):
        kept_secret_key(path)
    assert path.read_bytes() == content


def test_a_key_file_that_cannot_be_read_is_reported_in_a_sentence(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="cannot be used"):
        kept_secret_key(Path(tmp_path))


def test_encryption_keys_are_made_once_and_kept_in_order(tmp_path):
    path = tmp_path / "encryption_keys"
    [made] = kept_encryption_keys(path)
    assert kept_encryption_keys(path) == [made]
    replace_kept_encryption_keys(path, [STRONG, made])
    assert kept_encryption_keys(path) == [STRONG, made]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_damaged_encryption_keys_are_named_and_left_alone(tmp_path):
    path = tmp_path / "encryption_keys"
    path.write_text(f"{STRONG}\nhalf a key")
    with pytest.raises(ImproperlyConfigured, match=f"{path} are damaged"):
        kept_encryption_keys(path)
    assert path.read_text() == f"{STRONG}\nhalf a key"
