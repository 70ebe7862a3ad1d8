"""A new password by mail: for whoever reads the person's mail, once, within an hour."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from supportdesk.models import OneTimePassword, SignIn
from tests.factories import UserFactory, staff
from tickets.models import OutboundEmail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
PASSWORD, NEW = "correct horse 7", "battery staple 8"


@pytest.fixture
def ann():
    user = staff("ann", groups=["Account manager"])
    user.set_password(PASSWORD)
    user.save()
    return user


def asked(address="ann@desk.example", **extra):
    client = Client()
    response = client.post("/account/password/", {"email": address}, **extra)
    assert response.headers.get("Location") == "/account/password/sent/"
    return client


def link(mail=None):
    text = (mail or OutboundEmail.objects.get()).text
    return re.search(r"http\S+/account/password/new/\S+", text)[0]


def path(mail=None):
    return "/" + link(mail).split("/", 3)[3]


def chosen(client, page, password=NEW):
    form = client.get(page)["Location"]
    return client.post(form, {"password1": password, "password2": password})


def test_the_link_of_the_mail_sets_a_password_once_and_ends_all_sessions(ann):
    laptop = Client()
    laptop.post("/login/", {"username": "ann", "password": PASSWORD})
    client = asked()
    page = path()
    assert chosen(client, page)["Location"] == "/account/password/done/"
    assert laptop.get("/my-settings/").status_code == 302
    assert client.post("/login/", {"username": "ann", "password": NEW}).status_code == 302
    assert "has been used" in Client().get(page, follow=True).content.decode()
    assert [mail.subject for mail in OutboundEmail.objects.order_by("pk")][1] == "Your password was changed"


def test_the_link_is_made_from_the_settings_and_not_from_the_host_that_was_asked(ann, settings):
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://desk.example.com", ["*"]
    asked(headers={"Host": "evil.example"})
    assert link().startswith("https://desk.example.com/")


def test_the_link_is_valid_for_an_hour(ann, frozen):
    client = asked()
    frozen.shift(timedelta(hours=1, seconds=1))
    assert "older than an hour" in client.get(path()).content.decode()


def test_a_stranger_learns_nothing_about_addresses(ann):
    pages = [
        asked(address).get("/account/password/sent/") for address in ("ann@desk.example", "no@desk.example")
    ]
    assert pages[0].content == pages[1].content
    assert OutboundEmail.objects.count() == 1


def test_nobody_is_flooded_with_mails(ann):
    statuses = [
        Client().post("/account/password/", {"email": "ann@desk.example"}).status_code for _n in range(9)
    ]
    assert statuses == [302] * 5 + [429] * 4
    assert OutboundEmail.objects.count() == 5


def test_somebody_whose_name_strangers_have_used_up_comes_in_by_mail(ann, settings):
    settings.TRUSTED_PROXIES = 1
    for number in range(40):
        Client().post(
            "/login/",
            {"username": "ann", "password": "x"},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
        )
    form = {"username": "ann", "password": PASSWORD}
    assert Client().post("/login/", form).status_code == 429
    client = asked()
    chosen(client, path())
    assert client.post("/login/", {**form, "password": NEW}).status_code == 302
    assert SignIn.objects.filter(outcome="new password", method="link").count() == 1


def test_a_password_chosen_by_mail_is_the_persons_own(ann):
    OneTimePassword.objects.create(user=ann)
    client = asked()
    chosen(client, path())
    client.post("/login/", {"username": "ann", "password": NEW})
    assert client.get("/my-settings/").status_code == 200


def test_a_weak_password_is_refused(ann):
    client = asked()
    assert "too short" in chosen(client, path(), "abc").content.decode()


def test_a_person_without_access_gets_no_link(ann):
    ann.is_active = False
    ann.save()
    asked()
    assert not OutboundEmail.objects.exists()


def test_colleagues_who_may_read_the_outbox_do_not_see_the_link(ann):
    asked()
    mail = OutboundEmail.objects.get()
    director = Client()
    director.force_login(UserFactory(groups=["Support director"]))
    html = director.get(f"/tickets/outboundemail/{mail.pk}/change/").content.decode()
    assert "Somebody asked to set a new password" in html
    assert path(mail) not in html
    assert "/account/password/new/…" in html


def test_an_address_counts_when_its_link_was_opened(ann):
    laptop = Client()
    laptop.post("/login/", {"username": "ann", "password": PASSWORD})
    laptop.post("/account/email/", {"email": "ann@new.example", "action_add": ""})
    ann.refresh_from_db()
    assert ann.email == "ann@desk.example"
    mail = OutboundEmail.objects.get(subject__startswith="Confirm")
    assert mail.recipients == ["ann@new.example"]
    page = re.search(r"/account/email/confirm/\S+", mail.text)[0]
    assert "Confirm that ann@new.example" in laptop.get(page).content.decode()
    laptop.post(page)
    ann.refresh_from_db()
    assert ann.email == "ann@new.example"
    told = OutboundEmail.objects.get(subject="Your email address was changed")
    assert told.recipients == ["ann@desk.example"]
