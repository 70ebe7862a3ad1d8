"""What gives power is opened only by somebody who has just proved who they are."""

from datetime import timedelta

import pytest
from django.test import Client

from supportdesk.models import SignIn
from tests.factories import UserFactory, staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
PASSWORD = "correct horse 7"
QUARTER = timedelta(minutes=15)


@pytest.fixture
def root():
    user = staff("root")
    user.is_superuser = True
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def client(root):
    client = Client()
    client.post("/login/", {"username": "root", "password": PASSWORD})
    return client


@pytest.mark.parametrize(
    "page", ["/auth/user/add/", "/auth/group/add/", "/escalation/policy/add/", "/tickets/mailbox/add/"]
)
def test_a_quarter_of_an_hour_after_signing_in_it_asks_for_the_password_and_goes_on(client, frozen, page):
    assert client.get(page).status_code == 200
    frozen.shift(QUARTER)
    asked = client.get(page)
    assert asked["Location"] == f"/account/proof/?next={page.replace('/', '%2F')}"
    assert "Is it you?" in client.get(asked["Location"]).content.decode()
    wrong = client.post(asked["Location"], {"password": "wrong", "next": page})
    assert "Incorrect password" in wrong.content.decode()
    assert client.post(asked["Location"], {"password": PASSWORD, "next": page})["Location"] == page
    assert client.get(page).status_code == 200


def test_a_form_that_was_filled_in_slowly_is_taken(client, root, frozen):
    frozen.shift(timedelta(minutes=50))
    client.get("/my-settings/")
    form = {"name": "Night shift", "sign_in_rule-TOTAL_FORMS": "0", "sign_in_rule-INITIAL_FORMS": "0"}
    assert client.post("/auth/group/add/", form)["Location"] == "/auth/group/"
    frozen.shift(timedelta(minutes=10))
    assert client.post("/auth/group/add/", form)["Location"].startswith("/account/proof/")


def test_lists_and_pages_to_read_ask_nothing(client, frozen):
    frozen.shift(QUARTER)
    reader = Client()
    reader.force_login(UserFactory(groups=["Account manager"]))
    frozen.shift(QUARTER)
    assert client.get("/auth/user/").status_code == 200
    assert reader.get("/escalation/policy/1/change/").status_code == 200


def test_guesses_at_the_proof_are_limited_and_written_down(client, frozen):
    frozen.shift(QUARTER)
    statuses = []
    for _each in range(14):
        statuses.append(client.post("/account/proof/", {"password": "wrong"}).status_code)
    assert statuses[-1] == 429
    assert SignIn.objects.filter(outcome="wrong").count() == statuses.count(200)


def test_whoever_has_no_password_here_signs_in_again(client, root, frozen):
    type(root).objects.filter(pk=root.pk).update(password="!")
    client.force_login(type(root).objects.get(pk=root.pk))
    frozen.shift(QUARTER)
    assert client.get("/auth/user/add/")["Location"].startswith("/login/?next=")
    assert client.get("/my-settings/").status_code == 302
