"""A client trusts the authorities of the system as they stand now, and reads them once."""

import os
import shutil
import ssl
from pathlib import Path

import pytest

from tests.imfake import self_signed
from tickets.lib.tls import verifying_context


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only one of the system."""
    path = Path(self_signed(tmp_path / "pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return path


def test_a_name_and_a_certificate_are_asked_for() -> None:
    context = verifying_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_authorities_are_read_once(authority: Path) -> None:
    assert verifying_context() is verifying_context()


def test_another_file_of_authorities_is_read_at_once(
    authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = verifying_context()
    monkeypatch.setenv("SSL_CERT_FILE", str(shutil.copy(authority, tmp_path / "other")))
    assert verifying_context() is not first


def test_authorities_that_were_updated_are_read_anew(authority: Path) -> None:
    first = verifying_context()
    os.utime(authority, (1, 1))
    assert verifying_context() is not first


def test_a_system_without_authorities_trusts_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "neither"))
    assert verifying_context().get_ca_certs() == []
