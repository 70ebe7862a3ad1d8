"""The pages that export and erase personal data. Tests contact too."""

from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest

from customers.models import Contact
from supportdesk.models import Erasure
from tests.factories import AdminFactory, ContactFactory, CustomerFactory, staff
from tests.talk import opened
from tickets.choices import OutboxState
from tickets.models import OutboundEmail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
ERASING = {"requested_by": "person", "reason": "A request.", "is_sure": "on"}


@pytest.fixture
def contact() -> Contact:
    customer = CustomerFactory(name="Xanadu", account_manager=staff("ann", groups=["Account manager"]))
    return ContactFactory(customer=customer, name="Zebulon Quartermain", email="zebulon@quartermain.example")


@pytest.fixture
def director(login):
    return login(staff("dora", groups=["Support director"]))


def page_of(row, act):
    return f"/personal-data/{row._meta.model_name}/{row.pk}/{act}/"


@pytest.mark.parametrize("kind", ["contact", "customer"])
def test_the_pages_of_both_offer_both(director, contact, kind):
    row = contact if kind == "contact" else contact.customer
    text = director.get(f"/customers/{kind}/{row.pk}/change/").content.decode()
    for act in ("export", "erase"):
        assert f'href="{page_of(row, act)}"' in text


def test_who_has_no_right_is_offered_neither_and_gets_neither(login, contact):
    client = login(staff("lea", groups=["Team lead"]))
    for act in ("export", "erase"):
        assert client.get(page_of(contact, act)).status_code == 403
        assert client.post(page_of(contact, act), ERASING).status_code == 403
    assert not Erasure.objects.exists()


def test_erasing_shows_the_counts_then_erases_and_leads_back(director, contact):
    opened(0, contact=contact)
    OutboundEmail.objects.update(state=OutboxState.ACCEPTED)
    text = director.get(page_of(contact, "erase")).content.decode()
    for words in (
        "1 contact<",
        "1 ticket ",
        "1 still open",
        "1 message of both sides",
        "Zebulon Quartermain",
    ):
        assert words in text
    refused = director.post(page_of(contact, "erase"), ERASING).content.decode()
    assert "They have open tickets" in refused
    done = director.post(page_of(contact, "erase"), {**ERASING, "though_open": "on"}, follow=True)
    assert done.redirect_chain == [(f"/customers/contact/{contact.pk}/change/", 302)]
    assert "is being erased" in done.content.decode()
    contact.refresh_from_db()
    assert contact.name == f"[#{contact.pk}]"
    erasure = Erasure.objects.get()
    assert (erasure.actor.username, erasure.reason) == ("dora", "A request.")


def test_without_the_tick_nothing_is_erased(director, contact):
    director.post(page_of(contact, "erase"), ERASING | {"is_sure": ""})
    assert not Erasure.objects.exists()


def test_the_export_is_a_zip(director, contact):
    opened(0, contact=contact)
    assert (
        "everything that the desk holds about Zebulon"
        in director.get(page_of(contact, "export")).content.decode()
    )
    response = director.post(page_of(contact, "export"))
    assert response.headers["Content-Disposition"] == f'attachment; filename="contact-{contact.pk}.zip"'
    with ZipFile(BytesIO(b"".join(response.streaming_content))) as archive:
        assert "tables/tickets.message.json" in archive.namelist()


@pytest.mark.parametrize("act", ["export", "erase"])
def test_it_asks_who_it_is_when_that_was_a_while_ago(director, contact, frozen, act):
    frozen.shift(timedelta(minutes=15))
    assert director.get(page_of(contact, act)).status_code == 302
    frozen.shift(timedelta(minutes=45))
    assert director.post(page_of(contact, act), ERASING).status_code == 302
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("page", ["/personal-data/contact/999/erase/", "/personal-data/ticket/1/erase/"])
def test_what_is_not_there_is_not_found(director, page):
    assert director.get(page).status_code == 404


def test_an_unknown_act_is_not_found(director, contact):
    assert director.get(page_of(contact, "forget")).status_code == 404


def test_the_list_of_erasures_shows_how_much_in_words(login, contact):
    erasure = Erasure.objects.create(
        kind="contact", number=contact.pk, requested_by="person", reason="A request.", actor=AdminFactory(),
        at=contact.created_at, counts={"message": 3, "marked": 1, "pack": 2, "kept_in_ledger": 1, "unknown": 5},
    )  # fmt: skip
    client = login(staff("au", groups=["Auditor"]))
    text = client.get(f"/supportdesk/erasure/{erasure.pk}/change/").content.decode()
    for words in ("messages: 3", "1 row of others has a mark", "2 weekly packs redacted", "1 sealed line"):
        assert words in text
    assert "unknown" not in text
    assert client.get("/supportdesk/erasure/").status_code == 200
