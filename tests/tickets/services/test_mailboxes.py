"""Which address is whose, and which is ours."""

import pytest

from tests.factories import MailboxFactory
from tickets.mail.bounce_addresses import BounceTag, bounce_address
from tickets.models import Mailbox
from tickets.services.mailboxes import (
    Mailboxes,
    default_mailbox,
    mailbox_for,
    own_addresses,
    remember_mailboxes,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address",
    [
        "rooms@desk.example",
        "ROOMS@Desk.Example",
        "rooms+t12-abcdefgh@desk.example",
        " <rooms@desk.example> ",
    ],
)
def test_case_and_plus_parts_do_not_matter(address):
    rooms = MailboxFactory(address="Rooms@desk.example")
    MailboxFactory(address="other@desk.example")
    assert mailbox_for(address) == rooms


@pytest.mark.parametrize(
    "address", ["", "rooms", "rooms@elsewhere.example", "x+rooms@desk.example", "@desk.example"]
)
def test_a_foreign_address_has_no_mailbox(address):
    MailboxFactory(address="rooms@desk.example")
    assert mailbox_for(address) is None


def test_a_mailbox_whose_own_address_has_a_plus_is_found():
    plus = MailboxFactory(address="rooms+cn@desk.example")
    assert mailbox_for("rooms+cn@desk.example") == plus


def test_a_mailbox_that_is_off_takes_no_mail_and_is_still_ours():
    MailboxFactory(address="old@desk.example", is_active=False)
    assert mailbox_for("old@desk.example") is None
    assert Mailboxes.load().is_own("Old+x@desk.example")


def test_the_desk_s_address_is_ours_before_it_has_a_mailbox(settings):
    settings.DESK_ADDRESS = "Help <Help@desk.example>"
    assert Mailboxes.load().is_own("help@desk.example")
    assert own_addresses() == {"help@desk.example"}


def test_a_new_desk_takes_mail_to_its_address_at_once(settings):
    settings.DESK_ADDRESS = "Help <help@desk.example>"
    box = mailbox_for("Help+t1-x@desk.example")
    assert box is not None
    assert box.address == "help@desk.example"


def test_the_default_mailbox_is_made_once(settings):
    settings.DESK_ADDRESS = "Help <help@desk.example>"
    assert default_mailbox() == default_mailbox() == Mailboxes.load().default
    assert [(box.name, box.address) for box in Mailbox.objects.all()] == [("Help", "help@desk.example")]


def test_an_existing_default_mailbox_is_found_in_any_letter_case(settings):
    settings.DESK_ADDRESS = "help@desk.example"
    assert MailboxFactory(address="HELP@desk.example") == default_mailbox()


def test_mailboxes_are_queried_once_while_they_are_remembered(count_queries):
    def twice() -> None:
        with remember_mailboxes():
            Mailboxes.load()
            Mailboxes.load()

    assert count_queries(twice) == 1
    assert count_queries(Mailboxes.load) == 1


def test_looking_up_an_address_does_not_load_passwords():
    MailboxFactory(address="rooms@desk.example", password="secret")
    box = mailbox_for("rooms@desk.example")
    assert box is not None
    assert "password" in box.get_deferred_fields()


def test_the_address_of_envelopes_is_ours_and_leads_to_the_mailbox_of_the_desk(settings):
    settings.DESK_ADDRESS, settings.BOUNCE_ADDRESS = "support@desk.example", "bounces@mail.desk.example"
    support = MailboxFactory(address="support@desk.example")
    tagged = bounce_address("support@desk.example", BounceTag(7, 0))
    assert mailbox_for(tagged) == support
    assert Mailboxes.load().is_own(tagged)
    assert "bounces@mail.desk.example" in Mailboxes.load().addresses
    settings.BOUNCE_ADDRESS = "plus"
    assert mailbox_for(tagged) is None
    assert mailbox_for(bounce_address("support@desk.example", BounceTag(7, 0))) == support
