"""The pages of accounts in both languages."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from supportdesk.accounts import letters
from supportdesk.accounts.letters import Facts, send_letter
from supportdesk.accounts.sign_ins import Visitor
from tests.factories import NOW, AdminFactory, staff
from tests.words.reading import faults_of_pages, stored_words
from tests.words.test_pages_beside import reading, wrong_in
from tickets.models import OutboundEmail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
each_language = pytest.mark.parametrize("language", ["en", "zh-hans"])
BEFORE = [
    "password/",
    "password/sent/",
    "password/done/",
    "password/new/1-x/",
    "inactive/",
    "email/confirm/x/",
]
MINE = ["", "email/", "proof/", "second-factor/", "second-factor/app/", "second-factor/keys/add/", "logout/"]
KNOWN = {"pin", "firefox"}


@each_language
@pytest.mark.parametrize("page", BEFORE)
def test_pages_before_signing_in(language, page):
    browser = reading(language)
    pages = [browser.get(f"/account/{page}"), browser.post("/account/password/", {"email": "x"})]
    assert wrong_in(language, *pages, known=KNOWN) == []


@each_language
def test_pages_of_ones_own_account(language):
    ann = staff("ann", language=language)
    ann.set_password("given")
    ann.save()
    browser = Client(headers={"User-Agent": "Firefox/1 Windows"})
    browser.post("/login/", {"username": "ann", "password": "no"})
    browser.post("/login/", {"username": "ann", "password": "given"})
    pages = [browser.get(f"/account/{page}") for page in MINE]
    pages.append(browser.post("/account/second-factor/app/", {"code": "1"}))
    pages.append(browser.post("/account/email/", {"email": "x", "action_add": ""}))
    pages.append(browser.post("/account/proof/", {"password": "no"}))
    assert {page.status_code for page in pages} == {200}
    assert wrong_in(language, *pages, known={*KNOWN, "windows"}) == []


@each_language
def test_pages_of_second_factors(language):
    ann = staff("ann", language=language)
    ann.set_password("given")
    ann.save()
    browser = Client()
    browser.force_login(ann)
    browser.get("/account/second-factor/app/")
    app = Authenticator.objects.create(user=ann, type="totp", data={"secret": "x"})
    data = {"seed": "", "used_mask": 0}
    codes = Authenticator.objects.create(user=ann, type="recovery_codes", data=data)
    codes.data["seed"] = codes.wrap().activate(staff("ben")).instance.data["seed"]
    codes.save()
    names = ["", "app/remove/", "codes/", "codes/new/"]
    pages = [browser.get(f"/account/second-factor/{name}") for name in names]
    pages.append(browser.get("/account/proof/code/"))
    door = reading(language)
    first = door.post("/login/", {"username": "ann", "password": "given"}, follow=True)
    assert app.pk
    assert {page.status_code for page in [*pages, first]} == {200}
    assert wrong_in(language, *pages, first, known=KNOWN) == []


@each_language
def test_helping_somebody_who_is_locked_out(language):
    root = AdminFactory()
    staff("ann")
    profile = staff("x", language=language).staff_profile
    profile.user = root
    profile.save()
    browser = Client()
    browser.force_login(root)
    number = staff("ben").pk
    pages = [browser.get(f"/account/help/{number}/"), browser.get("/supportdesk/signin/")]
    assert wrong_in(language, *pages, known=KNOWN) == []


@each_language
def test_letters(language):
    reader = staff("ann", language=language)
    facts = Facts(
        NOW, Visitor("198.51.100.7", "", "Firefox/1 Windows"), link="https://desk.example/x", reason="Lost"
    )
    kinds = [each for each in vars(letters).values() if isinstance(each, letters.Letter)]
    assert len(kinds) > 8
    assert all(send_letter(each, reader, facts) for each in kinds)
    texts = [
        (mail.subject, f"<p>{mail.subject}</p><p>{mail.text}</p>") for mail in OutboundEmail.objects.all()
    ]
    assert list(faults_of_pages(texts, language=language, known={*stored_words(), "windows", *KNOWN})) == []
