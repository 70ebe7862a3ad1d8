"""Which hosts a mailbox may name, and that the address which was checked is the one that is connected to."""

import socket

import pytest
from django.conf import settings as loaded

from tickets.protocols import mail_hosts
from tickets.protocols.imap import Account, open_session
from tickets.protocols.mail_hosts import allowed_addresses, connected_to
from tickets.protocols.pop3 import open_maildrop
from tickets.protocols.problems import MailboxProblem

METADATA = [
    "169.254.169.254", "192.0.0.192", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fe80::1",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "0.0.0.0", "224.0.0.1",
]  # fmt: skip


def resolving(monkeypatch, *answers):
    """Each look-up gives the next answer, as a name does that is bound to another address meanwhile."""
    left = list(answers)

    def look_up(host, port, *args, **kwargs):
        address = left.pop(0) if len(left) > 1 else left[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(mail_hosts.socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("address", METADATA)
def test_no_setting_by_itself_lets_a_mailbox_name_a_special_address(monkeypatch, address):
    resolving(monkeypatch, address)
    with pytest.raises(MailboxProblem, match="ALLOW_PRIVATE_MAIL_HOSTS"):
        allowed_addresses("imap.example", 993)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "10.1.2.3", "192.168.1.5", "127.0.0.1", "::1", "fd12::1"]
)
def test_public_and_private_servers_are_allowed_by_default(monkeypatch, address):
    resolving(monkeypatch, address)
    assert allowed_addresses("imap.example", 993) == [address]


@pytest.mark.parametrize(
    ("allowed", "host", "address", "may"),
    [
        ([], "imap.corp", "10.1.2.3", False),
        ([], "imap.corp", "93.184.216.34", True),
        (["10.1.0.0/16"], "imap.corp", "10.1.2.3", True),
        (["10.1.0.0/16"], "imap.corp", "10.2.2.3", False),
        (["10.1.0.0/16"], "imap.corp", "::ffff:10.1.2.3", True),
        (["10.1.2.3"], "imap.corp", "10.1.2.3", True),
        (["imap.corp"], "IMAP.corp.", "10.1.2.3", True),
        (["imap.corp"], "imap.other", "10.1.2.3", False),
        (["169.254.0.0/16"], "imap.corp", "169.254.7.7", True),
    ],
)
def test_the_setting_names_hosts_addresses_and_networks(monkeypatch, settings, allowed, host, address, may):
    settings.ALLOW_PRIVATE_MAIL_HOSTS = allowed
    resolving(monkeypatch, address)
    if may:
        assert allowed_addresses(host, 993) == [address]
    else:
        with pytest.raises(MailboxProblem, match="in a network where the desk looks for no email"):
            allowed_addresses(host, 993)


def test_one_forbidden_address_among_several_is_enough(monkeypatch, settings):
    settings.ALLOW_PRIVATE_MAIL_HOSTS = []
    both = [(socket.AF_INET, 1, 6, "", (address, 993)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(mail_hosts.socket, "getaddrinfo", lambda *args, **kwargs: both)
    with pytest.raises(MailboxProblem):
        allowed_addresses("imap.example", 993)


def test_the_checked_address_is_the_one_that_is_connected_to(monkeypatch):
    """The second look-up would lead to this machine; there is none."""
    asked = []
    resolving(monkeypatch, "93.184.216.34", "127.0.0.1")
    monkeypatch.setattr(
        mail_hosts.socket, "create_connection", lambda place, timeout: asked.append(place) or socket.socket()
    )
    connected_to("rebound.example", 993, 3).close()
    assert asked == [("93.184.216.34", 993)]


@pytest.mark.parametrize("security", ["none", "tls", "starttls"])
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_both_protocols_ask_before_they_connect(settings, protocol, security):
    settings.ALLOW_PRIVATE_MAIL_HOSTS = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        account = Account(
            "127.0.0.1", server.getsockname()[1], security, "password", "help", "secret", "INBOX"
        )
        opening = (
            open_session(account, timeout=2)
            if protocol == "imap"
            else open_maildrop(account, timeout=2, most_bytes=1_000)
        )
        with pytest.raises(MailboxProblem, match=r"127\.0\.0\.1 is in a network"), opening:
            pass
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_default_names_networks_only():
    assert "127.0.0.0/8" in loaded.ALLOW_PRIVATE_MAIL_HOSTS
    assert all(mail_hosts._network(each) is not None for each in loaded.ALLOW_PRIVATE_MAIL_HOSTS)
