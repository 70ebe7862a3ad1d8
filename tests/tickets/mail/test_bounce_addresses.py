"""The signed envelope sender: written, read back in any spelling, and refused without our signature."""

import pytest

from tickets.mail.bounce_addresses import BounceTag, bounce_address, first_bounce_tag, read_bounce_address

TAG = BounceTag(mail=123456, place=2)


def test_a_tag_is_read_back_whatever_a_server_did_to_its_case():
    address = bounce_address("support@desk.example", TAG)
    assert address.startswith("support+b123456-2-")
    assert address.endswith("@desk.example")
    assert read_bounce_address(address) == read_bounce_address(address.upper()) == TAG


@pytest.mark.parametrize(
    ("changed", "into"), [("b123456-2", "b123457-2"), ("b123456-2", "b123456-1"), ("-2-", "-2-x")]
)
def test_a_changed_tag_is_not_ours(changed, into):
    address = bounce_address("support@desk.example", TAG)
    assert read_bounce_address(address.replace(changed, into)) is None


@pytest.mark.parametrize(
    "address", ["", "support@desk.example", "support+t12-abcdefghjkmnpqrstuvw@desk.example", "b1-1-@x", "@"]
)
def test_any_other_address_has_no_tag(address):
    assert read_bounce_address(address) is None


def test_a_key_that_was_replaced_still_signs_what_left_before(settings):
    address = bounce_address("support@desk.example", TAG)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert read_bounce_address(address) == TAG
    settings.SECRET_KEY_FALLBACKS = []
    assert read_bounce_address(address) is None


def test_an_address_of_its_own_carries_the_tag(settings):
    settings.BOUNCE_ADDRESS = "bounces@mail.desk.example"
    address = bounce_address("support@desk.example", TAG)
    assert address.startswith("bounces+b123456-2-")
    assert address.endswith("@mail.desk.example")


@pytest.mark.parametrize(("setting", "sender"), [("off", "support"), ("plus", "x" * 40)])
def test_a_sender_stays_as_it_is_without_the_wish_for_a_tag_or_the_room(settings, setting, sender):
    settings.BOUNCE_ADDRESS = setting
    assert bounce_address(f"{sender}@desk.example", TAG) == f"{sender}@desk.example"


def test_the_first_signed_address_among_many_is_taken():
    ours = bounce_address("support@desk.example", TAG)
    assert first_bounce_tag(["li@company.example", "", ours]) == TAG
    assert first_bounce_tag(["li@company.example"]) is None
