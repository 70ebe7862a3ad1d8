"""One's own account: sessions that can be ended, sign-ins, and sessions that end by themselves."""

from datetime import timedelta

import pytest
from django.test import Client

from supportdesk.accounts.browser_sessions import forget_sessions
from supportdesk.models import BrowserSession, SignIn
from tests.factories import NOW, UserFactory, staff
from tickets.models import OutboundEmail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
PASSWORD = "correct horse 7"
HOUR = timedelta(hours=1)
PHONE, LAPTOP = "Mozilla (iPhone) Safari/604", "Mozilla (Windows NT 10) Firefox/140"


@pytest.fixture
def ann():
    user = staff("ann", groups=["Account manager"])
    user.set_password(PASSWORD)
    user.save()
    return user


def browser(agent=LAPTOP):
    client = Client(headers={"User-Agent": agent})
    response = client.post("/login/", {"username": "ann", "password": PASSWORD})
    assert response.status_code == 302
    return client


def test_the_page_shows_where_one_is_signed_in_and_each_sign_in(ann):
    Client(headers={"User-Agent": PHONE}).post("/login/", {"username": "ann", "password": "wrong"})
    laptop = browser()
    html = laptop.get("/account/").content.decode()
    assert "Firefox on Windows" in html
    assert "this browser" in html
    assert "wrong name or password" in html
    assert "Safari on iPhone" in html


def test_nobody_sees_or_ends_the_sessions_of_somebody_else(ann):
    browser(PHONE)
    ben = Client()
    ben.force_login(staff("ben", groups=["Account manager"]))
    assert "iPhone" not in ben.get("/account/").content.decode()
    ben.post("/account/sessions/end/", {"session": BrowserSession.objects.get().pk})
    assert BrowserSession.objects.count() == 1


def test_a_session_is_ended_from_another_browser_and_that_is_a_row(ann):
    phone, laptop = browser(PHONE), browser()
    session = BrowserSession.objects.get(agent=PHONE)
    response = laptop.post("/account/sessions/end/", {"session": session.pk}, follow=True)
    assert "The session is ended." in response.content.decode()
    assert phone.get("/my-settings/")["Location"].startswith("/login/")
    assert laptop.get("/my-settings/").status_code == 200
    assert SignIn.objects.latest("pk").outcome == "ended"


def test_all_other_sessions_are_ended_at_once(ann):
    phone, tablet, laptop = browser(PHONE), browser("iPad"), browser()
    laptop.post("/account/sessions/end/")
    assert [each.get("/account/").status_code for each in (phone, tablet, laptop)] == [302, 302, 200]


@pytest.mark.parametrize("number", ["x", "²", "9" * 40, "0"])
def test_a_session_that_there_is_not_ends_none_of_this_browser(ann, number):
    laptop = browser()
    assert laptop.post("/account/sessions/end/", {"session": number}).status_code in (302, 400)
    assert laptop.get("/account/").status_code == 200


def test_after_a_break_one_signs_in_again_and_is_told_why(ann, frozen, settings):
    laptop = browser()
    frozen.shift(timedelta(minutes=settings.SESSION_IDLE_MINUTES))
    response = laptop.get("/my-settings/", follow=True)
    assert response.redirect_chain == [("/login/?next=/my-settings/", 302)]
    assert "Your drafts are kept" in response.content.decode()
    assert SignIn.objects.latest("pk").outcome == "idle"


def test_a_working_day_with_pauses_is_no_break_and_ends_at_night(ann, frozen):
    laptop = browser()
    for _each in range(4):
        frozen.shift(3 * HOUR)
        assert laptop.get("/my-settings/").status_code == 200
    frozen.shift(2 * HOUR)
    assert laptop.get("/my-settings/").status_code == 302
    assert SignIn.objects.latest("pk").outcome == "over"


def test_a_board_that_refreshes_itself_is_nobody_at_work(ann, frozen, settings):
    laptop = browser()
    for _each in range(4):
        frozen.shift(timedelta(minutes=settings.SESSION_IDLE_MINUTES / 4))
        laptop.get("/", headers={"HX-Request": "true"})
    assert laptop.get("/my-settings/").status_code == 302


def test_the_list_shows_when_somebody_was_last_there(ann, frozen):
    laptop = browser()
    frozen.shift(HOUR)
    laptop.get("/my-settings/")
    assert BrowserSession.objects.get().seen_at == NOW + HOUR


def test_a_session_of_before_the_limits_gets_them(ann, frozen, settings):
    laptop = browser()
    session = laptop.session
    del session["desk_limits"]
    session.save()
    laptop.get("/my-settings/")
    frozen.shift(timedelta(minutes=settings.SESSION_IDLE_MINUTES))
    assert laptop.get("/my-settings/").status_code == 302


def test_what_is_left_of_sessions_is_removed(ann, frozen):
    browser()
    frozen.shift(timedelta(days=30))
    assert forget_sessions(at=NOW + timedelta(days=30)) == 1
    assert not BrowserSession.objects.exists()


def test_a_sign_in_with_a_new_device_is_mailed_but_not_the_first_and_no_known_one(ann):
    laptop = browser()
    assert not OutboundEmail.objects.exists()
    laptop.post("/logout/")
    laptop.post("/login/", {"username": "ann", "password": PASSWORD})
    assert not OutboundEmail.objects.exists()
    browser(PHONE)
    mail = OutboundEmail.objects.get()
    assert mail.recipients == ["ann@desk.example"]
    assert mail.subject == "New sign-in to Support desk"
    assert "Safari on iPhone, from 127.0.0.1" in mail.text
    assert "/account/" in mail.text


def test_the_record_is_read_by_directors_and_changed_by_nobody(ann):
    browser()
    row = SignIn.objects.get()
    Client().post("/login/", {"username": "ann", "password": "wrong"})
    page = f"/supportdesk/signin/{row.pk}/"
    director, lead = Client(), Client()
    director.force_login(UserFactory(groups=["Support director"]))
    lead.force_login(UserFactory(groups=["Team lead"]))
    listed = director.get("/supportdesk/signin/").content.decode()
    assert "signed in" in listed
    assert "wrong name or password" in listed.partition("<tbody")[2]
    assert director.get(f"{page}change/").status_code == 200
    assert lead.get("/supportdesk/signin/").status_code == 403
    answers = [director.post(f"{page}{act}/", {"post": "yes"}).status_code for act in ("change", "delete")]
    assert answers == [403, 403]
    assert SignIn.objects.filter(pk=row.pk, outcome="in").exists()


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        ("http://testserver/tickets/ticket/1/change/?tab=reply#x", "/tickets/ticket/1/change/%3Ftab%3Dreply"),
        ("https://evil.example/x/", "/"),
        ("", "/"),
    ],
)
def test_a_form_sent_after_the_end_leads_back_to_the_page_with_the_draft(ann, frozen, referer, page):
    laptop = browser()
    frozen.shift(14 * HOUR)
    sent = laptop.post("/tickets/ticket/1/reply/", {"body": "x"}, headers={"Referer": referer})
    assert sent["Location"] == f"/login/?next={page}"


def test_a_changed_password_is_mailed_and_ends_the_other_sessions(ann):
    phone, laptop = browser(PHONE), browser()
    OutboundEmail.objects.all().delete()
    form = {
        "old_password": PASSWORD,
        "new_password1": "battery staple 8",
        "new_password2": "battery staple 8",
    }
    laptop.post("/password_change/", {**form, "old_password": "wrong"})
    assert not OutboundEmail.objects.exists()
    laptop.post("/password_change/", form)
    assert OutboundEmail.objects.get().subject == "Your password was changed"
    assert [phone.get("/account/").status_code, laptop.get("/account/").status_code] == [302, 200]
