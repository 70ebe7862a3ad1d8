"""Single sign-on with a real provider on loopback, whose tokens are signed: who comes in, and as whom."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import escape

from supportdesk.models import BrowserSession, SignIn
from tests.factories import staff
from tests.oidcserver import CLIENT, SECRET, OidcProvider, _new_key

pytestmark = pytest.mark.django_db
ANN = {
    "sub": "a1", "preferred_username": "ann.lee", "given_name": "Ann", "family_name": "Lee",
    "email": "ann@firm.example", "email_verified": True, "groups": ["support", "everybody"],
}  # fmt: skip


@pytest.fixture
def provider(settings) -> Iterator[OidcProvider]:
    with OidcProvider(person=dict(ANN)).running() as running:
        settings.OIDC_URL = running.url
        settings.OIDC_GROUPS = {"support": "Account manager", "ops": "Operator"}
        app = {
            "provider_id": "sso", "name": "Firm", "client_id": CLIENT, "secret": SECRET,
            "settings": {"server_url": running.url},
        }  # fmt: skip
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        yield running


class Stay(HTTPRedirectHandler):
    def redirect_request(self, *_request):
        return None


def consented(address):
    """Where the provider sends the browser."""
    try:
        build_opener(Stay).open(address, timeout=5)
    except OSError as answer:
        return answer.headers["Location"]
    raise AssertionError("The provider sends nobody back.")


def provider_named_by(response):
    """The page leads there by itself: a redirect would be one of the form, which may go nowhere but to the desk."""
    assert response.status_code == 200, response.content
    address = response["Refresh"].removeprefix("0; url=")
    assert f'href="{escape(address)}"' in response.content.decode()
    return address


def came_back(client=None):
    client = client or Client()
    asked = client.post("/account/sso/sso/login/", {"process": "login", "next": "/my-settings/"})
    back = consented(provider_named_by(asked))
    return client, client.get(back.partition("testserver")[2])


def test_an_unknown_person_of_a_mapped_group_gets_an_account(provider):
    client, response = came_back()
    assert response["Location"] == "/my-settings/"
    assert client.get("/my-settings/").status_code == 200
    user = User.objects.get()
    assert (user.username, user.first_name, user.email) == ("ann.lee", "Ann", "ann@firm.example")
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (True, False, False)
    assert [group.name for group in user.groups.all()] == ["Account manager"]
    assert SignIn.objects.get().method == "sso"


@pytest.mark.parametrize("groups", [["everybody"], [], None, "nobody", {"support": True}, 7])
def test_an_unknown_person_of_no_mapped_group_gets_none(provider, groups):
    provider.person["groups"] = groups
    client, response = came_back()
    assert response["Location"] == "/login/"
    assert "no access to the desk" in client.get("/login/").content.decode()
    assert not User.objects.exists()
    row = SignIn.objects.get()
    assert (row.outcome, row.method, row.name) == ("no access", "sso", "ann.lee")


def test_groups_follow_the_provider_at_each_sign_in(provider):
    came_back()
    user = User.objects.get()
    user.groups.add(*type(user.groups.first()).objects.filter(name="Team lead"))
    provider.person["groups"] = ["ops"]
    came_back()
    assert sorted(user.groups.values_list("name", flat=True)) == ["Operator", "Team lead"]
    provider.person["groups"] = []
    client, response = came_back()
    assert response["Location"] == "/login/"
    assert client.get("/my-settings/").status_code == 302


def test_a_colleague_is_found_by_an_address_that_the_provider_has_checked(provider):
    ann = staff("ann", groups=["Account manager"])
    User.objects.filter(pk=ann.pk).update(email="Ann@firm.example")
    _client, response = came_back()
    assert response["Location"] == "/my-settings/"
    assert SignIn.objects.get().user == ann
    assert User.objects.count() == 1


def test_a_colleague_who_has_no_mapped_group_is_refused_and_nothing_is_connected(provider):
    ann = staff("ann", groups=["Account manager"])
    User.objects.filter(pk=ann.pk).update(email="ann@firm.example")
    provider.person["groups"] = ["everybody"]
    _client, response = came_back()
    assert response["Location"] == "/login/"
    assert not SocialAccount.objects.exists()
    assert (SignIn.objects.get().outcome, SignIn.objects.get().method) == ("no access", "sso")


def test_a_session_that_ends_names_how_it_began(provider, frozen, settings):
    ann = staff("ann", groups=["Account manager"])
    User.objects.filter(pk=ann.pk).update(email="ann@firm.example")
    came_back(Client(headers={"User-Agent": "phone"}))
    laptop, _response = came_back(Client(headers={"User-Agent": "laptop"}))
    laptop.post("/account/sessions/end/", {"session": BrowserSession.objects.get(agent="phone").pk})
    frozen.shift(timedelta(minutes=settings.SESSION_IDLE_MINUTES))
    assert laptop.get("/my-settings/").status_code == 302
    rows = SignIn.objects.order_by("pk").values_list("outcome", "method")
    assert list(rows) == [("in", "sso"), ("in", "sso"), ("ended", "sso"), ("idle", "sso")]


@pytest.mark.parametrize("change", [{"email_verified": False}, {"email_verified": "true"}])
def test_an_unchecked_address_is_nobody(provider, change):
    User.objects.filter(pk=staff("ann").pk).update(email="ann@firm.example")
    provider.person.update(change)
    _client, response = came_back()
    assert response["Location"] == "/login/"
    assert SignIn.objects.get().outcome == "no access"


def test_an_administrator_is_never_found_by_address(provider):
    User.objects.filter(pk=staff("root").pk).update(email="ann@firm.example", is_superuser=True)
    _client, response = came_back()
    assert response["Location"] == "/login/"


def test_a_person_who_is_switched_off_stays_out(provider):
    came_back()
    User.objects.update(is_active=False)
    client, response = came_back()
    assert response["Location"] == "/account/inactive/"
    assert client.get("/my-settings/").status_code == 302


@pytest.mark.parametrize("fault", ["key", "audience", "issuer"])
def test_a_token_that_another_has_signed_or_that_is_for_another_is_refused(provider, fault):
    if fault == "key":
        provider.signs_with = _new_key()
    elif fault == "audience":
        provider.audience = "another"
    else:
        provider.configuration = lambda: {
            **OidcProvider.configuration(provider),
            "issuer": "https://evil.example",
        }
    client, response = came_back()
    assert response["Location"] == "/login/"
    assert not User.objects.exists()
    assert "Single sign-on did not work" in client.get("/login/").content.decode()


def test_an_answer_that_nobody_asked_for_is_refused(provider):
    client = Client()
    asked = client.post("/account/sso/sso/login/", {"process": "login"})
    back = consented(provider_named_by(asked)).partition("testserver")[2]
    Client().get(back)
    assert not User.objects.exists()


def test_without_a_provider_there_is_no_such_page(client):
    assert client.get("/account/sso/sso/login/").status_code == 404
    assert "Sign in with SSO" not in client.get("/login/").content.decode()


def test_the_button_names_the_provider(client, provider, settings):
    settings.OIDC_NAME = "Firm ID"
    assert "Sign in with Firm ID" in client.get("/login/").content.decode()
