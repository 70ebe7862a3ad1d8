"""Ports that are taken, forbidden, used twice or invalid are named before anything starts."""

import errno
import socket
from collections.abc import Iterator

import pytest

from supportdesk.processes.runner.ports import Binding, port_problems


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free_port(taken_port: int) -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_free_port_is_no_problem(free_port: int) -> None:
    assert port_problems([Binding("127.0.0.1", free_port, "--port")]) == []


def test_a_taken_port_is_named_with_the_option_that_changes_it(taken_port: int) -> None:
    (sentence,) = port_problems([Binding("127.0.0.1", taken_port, "--lmtp-port")])
    assert f"Port {taken_port} on 127.0.0.1 is taken" in sentence
    assert "--lmtp-port" in sentence


def test_every_problem_is_told_at_once(taken_port: int, free_port: int) -> None:
    bindings = [Binding("127.0.0.1", port, "--port") for port in (taken_port, free_port, 70_000)]
    assert len(port_problems(bindings)) == 2


def test_one_port_for_two_parts_is_refused(free_port: int) -> None:
    (sentence,) = port_problems(
        [Binding("127.0.0.1", free_port, "--port"), Binding("127.0.0.1", free_port, "--smtp-port")]
    )
    assert "--port and --smtp-port" in sentence


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    (sentence,) = port_problems([Binding("127.0.0.1", port, "--port")])
    assert "from 1 to 65535" in sentence


def test_an_address_of_another_machine_is_refused(free_port: int) -> None:
    (sentence,) = port_problems([Binding("192.0.2.7", free_port, "--port")])
    assert "192.0.2.7 is not an address of this machine" in sentence
    assert "--host" in sentence


def test_a_name_nobody_knows_is_refused(free_port: int) -> None:
    (sentence,) = port_problems([Binding("nowhere.invalid", free_port, "--port")])
    assert "nowhere.invalid is not a known address" in sentence


def test_a_refused_low_port_names_the_ports_open_to_every_user(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("supportdesk.processes.runner.ports._try", refuse)
    (sentence,) = port_problems([Binding("127.0.0.1", free_port, "--port")])
    assert "above 1023 with --port" in sentence
