"""Signing in at the admin's address: who comes in, who is refused, and what is written down."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from django.contrib.auth import hashers
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.test import Client, RequestFactory
from django.urls import reverse

from supportdesk.accounts.password_gate import gate
from supportdesk.models import SignIn, SignInOutcome
from tests.factories import AdminFactory, staff

PASSWORD = "correct horse 7"
LOGIN = "/login/"


@pytest.fixture
def ann(db):
    user = staff("ann", groups=["Account manager"])
    user.set_password(PASSWORD)
    user.save()
    return user


def post(client, password=PASSWORD, name="ann", path=LOGIN, **extra):
    return client.post(path, {"username": name, "password": password}, **extra)


def outcomes():
    return [
        SignInOutcome(outcome) for outcome in SignIn.objects.order_by("pk").values_list("outcome", flat=True)
    ]


def test_a_sign_in_opens_the_page_that_was_asked_for_and_is_a_row(client, ann):
    first = client.get("/my-settings/")
    assert first["Location"] == "/login/?next=/my-settings/"
    response = post(client, path=first["Location"], headers={"User-Agent": "Firefox/1 on Linux"})
    assert (response.status_code, response["Location"]) == (302, "/my-settings/")
    row = SignIn.objects.get()
    assert (row.user, row.outcome, row.address, row.method) == (ann, "in", "127.0.0.1", "password")
    assert row.agent == "Firefox/1 on Linux"
    assert client.get("/my-settings/").status_code == 200


@pytest.mark.parametrize(
    "where", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil"]
)
def test_nobody_is_led_away_from_the_desk(client, ann, settings, where):
    settings.ALLOWED_HOSTS = ["testserver", "evil.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://evil.example"]
    response = client.post(LOGIN, {"username": "ann", "password": PASSWORD, "next": where})
    assert (response.status_code, response["Location"]) == (302, "/")


@pytest.mark.parametrize(
    ("change", "outcome"),
    [({"is_active": False}, "wrong"), ({"is_staff": False}, "no access"), ({"username": "anna"}, "wrong")],
)
def test_who_may_not_use_the_desk_is_told_the_same_as_with_a_wrong_password(client, ann, change, outcome):
    wrong = post(client, "wrong").content.decode().partition("<form")[0]
    type(ann).objects.filter(pk=ann.pk).update(**change)
    response = post(Client())
    assert response.content.decode().partition("<form")[0] == wrong
    assert "is wrong, or the account is switched off" in wrong
    assert SignIn.objects.latest("pk").outcome == outcome


@pytest.mark.django_db
def test_nobody_can_open_an_account(client):
    assert "account_signup" not in str(client.get(LOGIN).content)
    for path in ("/account/signup/", "/accounts/signup/", "/signup/"):
        assert path not in client.get(path, follow=True).redirect_chain[-1][0].partition("?")[0]


def test_after_six_wrong_passwords_of_one_address_the_right_one_waits_too(client, ann, frozen):
    statuses = [post(Client(), "wrong").status_code for _each in range(60)]
    assert statuses == [200] * 6 + [429] * 54
    refused = post(client)
    assert refused.status_code == 429
    assert "Try again in 5 minutes" in refused.content.decode()
    assert outcomes() == [SignInOutcome.WRONG] * 6 + [SignInOutcome.TOO_MANY]
    frozen.shift(timedelta(minutes=5))
    assert post(client).status_code == 302


def test_a_forged_forwarded_address_is_no_new_address(ann, settings):
    settings.TRUSTED_PROXIES = 1
    passed_on = (f"203.0.113.{number}, 198.51.100.7" for number in range(10))
    statuses = [post(Client(), "wrong", headers={"X-Forwarded-For": each}).status_code for each in passed_on]
    assert statuses == [200] * 6 + [429] * 4


def test_the_names_of_one_address_share_a_limit(ann):
    statuses = [post(Client(), "wrong", name=f"ann{number}").status_code for number in range(55)]
    assert statuses == [200] * 50 + [429] * 5


def test_a_known_browser_signs_in_while_strangers_try_the_name_from_everywhere(client, ann, settings):
    settings.TRUSTED_PROXIES = 1
    assert post(client).status_code == 302
    client.post("/logout/")
    for number in range(40):
        post(Client(), "wrong", headers={"X-Forwarded-For": f"198.51.100.{number}"})
    stranger = post(Client(), headers={"X-Forwarded-For": "203.0.113.1"})
    assert stranger.status_code == 429
    assert post(client).status_code == 302


def test_a_known_browser_has_a_limit_of_its_own(client, ann):
    post(client)
    client.post("/logout/")
    assert [post(client, "wrong").status_code for _each in range(12)] == [200] * 10 + [429] * 2


def test_right_passwords_use_nothing_up(ann):
    assert {post(Client()).status_code for _each in range(20)} == {302}


def test_the_cookie_of_the_browser_is_kept_from_scripts(client, ann):
    cookie = post(client).cookies["desk_device"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_while_others_are_checked_somebody_is_asked_to_try_again(client, ann):
    with gate.passed():
        assert gate.places.acquire(blocking=False)
        try:
            response = post(client)
        finally:
            gate.places.release()
    assert (response.status_code, response["Retry-After"]) == (503, "3")
    assert "Please try again in a few seconds" in response.content.decode()
    assert outcomes() == []
    assert {post(client).status_code for _each in range(10)} == {302}


@pytest.mark.django_db
def test_an_administrator_who_is_signed_in_is_led_on(client):
    client.force_login(AdminFactory())
    assert client.get("/login/?next=/my-settings/")["Location"] == "/my-settings/"


THREADS = 4  # of a web process, as in .deploy
LOGINS = 16
TOKEN = "t" * 32  # against forged forms: the same in cookie and form


class Answers:
    """What a server would send: the status of each answer in the order in which they came."""

    def __init__(self):
        self.handler = WSGIHandler()
        self.order = []

    def ask(self, path, form=None):
        factory = RequestFactory()
        factory.cookies["csrftoken"] = TOKEN
        asked = factory.post(path, {**form, "csrfmiddlewaretoken": TOKEN}) if form else factory.get(path)

        def start(status, _headers, _info=None):
            self.order.append((path, int(status[:3])))

        try:
            list(self.handler(asked.environ, start))
        finally:
            connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_sixteen_logins_at_once_leave_a_thread_for_the_probe_of_liveness(settings):
    """With the password hasher of production, in as many threads as a web process has."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    hashers.get_hashers.cache_clear()
    hashers.get_hashers_by_algorithm.cache_clear()
    try:
        user = staff("ann", groups=["Account manager"])
        user.set_password(PASSWORD)
        user.save()
        answers = Answers()
        with ThreadPoolExecutor(THREADS) as pool:
            form = {"username": "ann", "password": PASSWORD}
            logins = [pool.submit(answers.ask, LOGIN, form) for _each in range(LOGINS)]
            probe = pool.submit(answers.ask, reverse("alive"))
            wait([*logins, probe], timeout=60)
    finally:
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        hashers.get_hashers.cache_clear()
        hashers.get_hashers_by_algorithm.cache_clear()
    signed_in = [place for place, (_path, status) in enumerate(answers.order) if status == 302]
    alive = answers.order.index((reverse("alive"), 200))
    assert len(answers.order) == LOGINS + 1
    assert {status for path, status in answers.order if path == LOGIN} == {302, 503}
    assert len([place for place in signed_in if place < alive]) < LOGINS / 2
