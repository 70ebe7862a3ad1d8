"""What people see beside lists and forms: signing in, links of mails, errors and the guides."""

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from escalation.enforcement.sweep import sweep
from escalation.models import Escalation
from escalation.notifications.acknowledge_links import ack_link
from supportdesk.models import OneTimePassword
from tests.factories import ContactFactory, CustomerFactory, staff
from tests.talk import minute, opened
from tests.words.reading import faults_of_pages, stored_words
from tickets.services.outgoing.unsubscribing import unsubscribe_headers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
each_language = pytest.mark.parametrize("language", ["en", "zh-hans"])
PRODUCTS = {
    "ack",
    "amazon",
    "caddy",
    "ceph",
    "cookie",
    "connect",
    "cron",
    "git",
    "grafana",
    "journal",
    "minio",
    "nginx",
    "ntp",
    "openid",
    "opentelemetry",
    "owasp",
    "postgresql",
    "prometheus",
    "saml",
    "sentry",
    "sqlite",
    "pgbackrest",
    "systemd",
    "wal",
    "web",
}  # in the guide
WRONG_WORD = {"username": "ann", "password": "wrong"}


def wrong_in(language, *responses, known=frozenset()) -> list[str]:
    """A line for each fault of the pages, with the address that was asked for."""
    assert {response.headers["Content-Type"] for response in responses} == {"text/html; charset=utf-8"}
    pages = ((f"{each.status_code} {each.request['PATH_INFO']}", each.content.decode()) for each in responses)
    return list(faults_of_pages(pages, language=language, known={*known, *stored_words()}))


def reading(language):
    """A browser of somebody who has not signed in."""
    return Client(headers={"Accept-Language": language}, raise_request_exception=False)


@each_language
def test_signing_in_and_out(language):
    staff("ann", language=language)
    browser = reading(language)
    page = reverse("admin:login")
    pages = [browser.get(page), browser.post(page, WRONG_WORD), browser.post(page, {})]
    assert wrong_in(language, *pages) == []
    browser.force_login(staff("ben", language=language))
    assert wrong_in(language, browser.post(reverse("admin:logout"))) == []


@each_language
def test_who_may_not_use_the_admin_is_told_so_at_the_door(language):
    browser = reading(language)
    stranger = staff("cy", language=language)
    stranger.is_staff = False
    stranger.save(update_fields=["is_staff"])
    browser.force_login(stranger)
    assert wrong_in(language, browser.get("/", follow=True)) == []


@each_language
def test_choosing_a_password(login, language):
    ann = staff("ann", language=language)
    ann.email = ""
    ann.set_password("given")
    ann.save()
    OneTimePassword.objects.create(user=ann)
    browser = Client()
    first = browser.post(reverse("admin:login"), {"username": "ann", "password": "given"}, follow=True)
    page = reverse("admin:own_password")
    assert first.redirect_chain[-1][0] == page
    short = browser.post(page, {"new_password1": "abc", "new_password2": "abd", "email": "x"})
    poor = browser.post(page, {"new_password1": "12345", "new_password2": "12345", "email": "x@desk.example"})
    good = {"new_password1": "correct horse 7", "new_password2": "correct horse 7", "email": "a@desk.example"}
    assert wrong_in(language, first, short, poor, browser.post(page, good, follow=True)) == []


@each_language
def test_changing_ones_password(login, language):
    browser = login(staff("ann", language=language))
    page = reverse("admin:password_change")
    wrong = {"old_password": "no", "new_password1": "ann", "new_password2": "ann"}
    pages = [browser.get(page), browser.post(page, wrong), browser.get(reverse("admin:password_change_done"))]
    assert wrong_in(language, *pages) == []


@each_language
def test_the_page_behind_the_link_of_a_mail(language):
    boss = staff("boss", groups=["Account manager"], language=language, reports_to=staff("top"))
    ann = staff("ann", groups=["Account manager"], reports_to=boss)
    opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)))
    sweep(now=minute(30))
    address = ack_link(user=boss, escalation=Escalation.objects.get(step__percent=100))
    page = address[address.index("/ack/") :]
    browser = reading(language)
    pages = [browser.get(page), browser.post(page), browser.get(page), browser.get("/ack/forged/")]
    assert [page.status_code for page in pages] == [200, 200, 200, 404]
    assert wrong_in(language, *pages) == []


@each_language
def test_the_page_of_who_wants_no_automatic_mail(language, settings):
    settings.SITE_URL = "https://desk.example.com"
    contact = ContactFactory(language=language)
    page = unsubscribe_headers(contact.pk)["List-Unsubscribe"].strip("<>").removeprefix(settings.SITE_URL)
    browser = reading(language)
    assert wrong_in(language, browser.get(page), browser.post(page), browser.get(page)) == []


@each_language
def test_errors(language, monkeypatch):
    browser, strict = (
        reading(language),
        Client(enforce_csrf_checks=True, headers={"Accept-Language": language}),
    )
    ann = staff("ann", groups=["Account manager"], language=language)
    anonymous = [browser.get("/ack/forged/"), strict.post(reverse("admin:login"), WRONG_WORD)]
    browser.force_login(ann)
    strict.force_login(ann)
    pages = [
        *anonymous,
        browser.get("/nowhere/"),
        browser.get(reverse("admin:operations")),
        browser.get("/files/none"),
        strict.post(reverse("admin:my_settings"), {}),
    ]
    for fault in (RuntimeError, OperationalError):

        def broken(*_args, fault=fault):
            raise fault

        monkeypatch.setattr("supportdesk.site.board", broken)
        pages.append(browser.get("/"))
    assert [page.status_code for page in pages] == [404, 403, 404, 403, 404, 403, 500, 503]
    assert wrong_in(language, *pages) == []


@each_language
@pytest.mark.parametrize("name", ["account-manager", "operator", "asvs"])
def test_the_guides(login, language, name):
    root = staff("root", language=language)
    root.is_superuser = True
    root.save(update_fields=["is_superuser"])
    assert wrong_in(language, login(root).get(reverse("admin:help", args=[name])), known=PRODUCTS) == []
