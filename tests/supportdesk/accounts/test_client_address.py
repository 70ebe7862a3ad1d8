"""The visitor's address: what trusted proxies say counts, what a visitor writes before it does not."""

import pytest
from django.test import RequestFactory

from supportdesk.accounts.client_address import client_address, network_of


@pytest.mark.parametrize(
    ("proxies", "passed_on", "address"),
    [
        (0, "198.51.100.7", "10.0.0.2"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (2, "198.51.100.7", "10.0.0.2"),
        (1, "", "10.0.0.2"),
        (1, "198.51.100.7:4711", "198.51.100.7"),
        (1, "[2001:db8::7]:4711", "2001:db8::7"),
        (1, "::ffff:198.51.100.7", "198.51.100.7"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "nonsense", ""),
    ],
)
def test_the_address_is_as_far_from_the_end_as_there_are_proxies(settings, proxies, passed_on, address):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.2", headers={"X-Forwarded-For": passed_on})
    assert client_address(request) == address


def test_behind_a_socket_without_a_proxy_there_is_no_address(settings):
    settings.TRUSTED_PROXIES = 0
    assert client_address(RequestFactory().get("/", REMOTE_ADDR="")) == ""


def test_limits_count_the_network_of_an_ipv6_address():
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::"
    assert network_of("198.51.100.7") == "198.51.100.7"
    assert network_of("") == ""
