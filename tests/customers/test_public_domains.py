"""Which addresses belong to one company, as far as their domains tell."""

import pytest

from customers.public_domains import share_a_domain


@pytest.mark.parametrize(
    ("address", "other", "expected"),
    [
        ("a@company.example", "b@Company.Example", True),
        ("a@mail.company.example", "b@company.example", True),
        ("a@company.example", "b@mail.company.example.", True),
        ("a@notcompany.example", "b@company.example", False),
        ("a@qq.com", "b@qq.com", False),
        ("a@vip.qq.com", "b@qq.com", False),
        ("a@one.example", "b@two.example", False),
        ("", "b@two.example", False),
        ("nonsense", "nonsense", False),
    ],
)
def test_two_addresses_share_a_domain_when_one_lies_under_the_other(address, other, expected):
    assert share_a_domain(address, other) is expected
