"""Names in the order their owners write them."""

import pytest

from customers.names import name_of
from tests.factories import UserFactory


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("伟", "李", "李伟"),
        ("Ann", "Smith", "Ann Smith"),
        ("Ann", "", "Ann"),
        ("", "陈", "陈"),
        ("", "", "login"),
    ],
)
def test_a_name_stands_in_the_order_of_its_language(first, last, shown):
    assert name_of(UserFactory.build(first_name=first, last_name=last, username="login")) == shown
