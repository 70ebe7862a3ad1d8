"""Two spellings of one address are one address."""

import pytest

from customers.addresses import address_key, address_spellings


@pytest.fixture
def domains():
    ascii_domain = "bücher.example".encode("idna").decode()
    return f"Li@{ascii_domain.upper()}", "li@bücher.example", "LI@BÜCHER.example"


def test_all_spellings_have_one_key(domains):
    assert {address_key(address) for address in domains} == {"li@xn--bcher-kva.example"}
    assert address_key("李@Company.example") == "李@company.example"
    assert address_key("Li") == "li"


def test_the_given_spelling_goes_first(domains):
    assert address_spellings(domains[0]) == ["li@xn--bcher-kva.example", "li@bücher.example"]
    assert address_spellings(domains[1]) == ["li@bücher.example", "li@xn--bcher-kva.example"]
    assert address_spellings("Li@Company.example") == ["li@company.example"]
    assert address_spellings("") == [""]


@pytest.mark.parametrize(
    "broken", ["a@" + "ü" * 300 + ".example", "a@ü..example", "a@xn--\xfc.example", "@", "ü@"]
)
def test_a_domain_without_another_spelling_stays_as_it_is(broken):
    assert address_key(broken) == address_key(address_key(broken))
    assert address_spellings(broken)[0] == broken.lower()
