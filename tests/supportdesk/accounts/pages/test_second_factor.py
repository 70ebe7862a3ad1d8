"""Second factors: asked for after the password, required by groups, removed by an administrator on record."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.models import Group
from django.test import Client

from supportdesk.models import SignIn, SignInRule
from tests.factories import NOW, AdminFactory, staff
from tickets.models import OutboundEmail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
PASSWORD = "correct horse 7"
HALF_A_MINUTE = timedelta(seconds=30)
FACTOR = "/account/second-factor/"


@pytest.fixture
def ann():
    user = staff("ann", groups=["Account manager"])
    user.set_password(PASSWORD)
    user.save()
    return user


def after_password():
    client = Client()
    response = client.post("/login/", {"username": "ann", "password": PASSWORD, "next": "/my-settings/"})
    return client, response["Location"]


def code_of(secret, at=NOW):
    return format_hotp_value(hotp_value(secret, int(at.timestamp()) // 30))


@pytest.fixture
def secret(ann, frozen, django_capture_on_commit_callbacks):
    """Ann's, after she has set up an authenticator app."""
    client, _page = after_password()
    secret = re.search(r"<code>(\w+)</code>", client.get(f"{FACTOR}app/").content.decode())[1]
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(f"{FACTOR}app/", {"code": code_of(secret)})
    assert response["Location"] == f"{FACTOR}codes/"
    frozen.shift(HALF_A_MINUTE)
    return secret


def test_after_the_password_the_code_is_asked_for_and_the_row_says_so(ann, secret):
    client, page = after_password()
    assert page == f"{FACTOR}sign-in/"
    assert client.get("/my-settings/")["Location"].startswith("/login/")
    response = client.post(page, {"code": code_of(secret, NOW + HALF_A_MINUTE)})
    assert response["Location"] == "/my-settings/"
    assert client.get("/my-settings/").status_code == 200
    assert SignIn.objects.latest("pk").method == "totp"


def test_a_code_is_taken_once_by_whichever_process(ann, secret):
    code = code_of(secret, NOW + HALF_A_MINUTE)
    for expected in (302, 200):
        client, page = after_password()
        assert client.post(page, {"code": code}).status_code == expected


def test_wrong_codes_are_rows_and_few(ann, secret):
    client, page = after_password()
    html = [client.post(page, {"code": "000000"}).content.decode() for _each in range(8)]
    assert "Too many failed" in html[-1]
    assert SignIn.objects.filter(outcome="code", user=ann).count() == 5
    assert client.get("/my-settings/").status_code == 302


def test_each_recovery_code_signs_in_once(ann, secret):
    owner = Client()
    owner.force_login(ann)
    listed = re.findall(r"<li>(\d{8})</li>", owner.get(f"{FACTOR}codes/").content.decode())
    assert len(set(listed)) == 10
    for expected in (302, 200):
        client, page = after_password()
        assert client.post(page, {"code": listed[0]}).status_code == expected
    assert SignIn.objects.get(outcome="in", method="recovery_codes")


def test_the_key_of_an_app_is_encrypted_in_the_database(ann, secret):
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored
    assert stored.startswith("enc1$")


def test_a_key_that_can_no_longer_be_read_lets_nobody_in(ann, secret, settings):
    settings.ENCRYPTION_KEYS = ["another-key-" * 5]
    client, page = after_password()
    response = client.post(page, {"code": format_hotp_value(hotp_value("", int(NOW.timestamp()) // 30))})
    assert "can no longer be read" in response.content.decode()


def test_the_person_is_told_of_each_change(ann, secret):
    assert [mail.subject for mail in OutboundEmail.objects.all()] == [
        "A second factor was added to your account"
    ]


def test_a_second_factor_is_set_up_and_removed_only_after_a_recent_proof(ann, secret, frozen):
    client = Client()
    client.force_login(ann)
    frozen.shift(timedelta(minutes=15))
    for page in ("app/remove/", "codes/", "codes/new/", "codes/download/", "keys/add/"):
        assert client.get(FACTOR + page)["Location"].startswith("/account/proof/"), page


def require(group="Account manager"):
    SignInRule.objects.create(group=Group.objects.get(name=group), needs_second_factor=True)


def test_who_must_have_one_sees_only_the_pages_for_setting_it_up(ann, frozen):
    require()
    client, _page = after_password()
    for page in ("/", "/my-settings/", "/tickets/ticket/", "/account/"):
        assert client.get(page)["Location"] == FACTOR, page
        assert client.post(page, {})["Location"] == FACTOR, page
    assert "Your group requires one" in client.get(FACTOR).content.decode()
    assert client.get(f"{FACTOR}keys/add/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_having_set_it_up_opens_the_desk(ann):
    require()
    client, _page = after_password()
    secret = re.search(r"<code>(\w+)</code>", client.get(f"{FACTOR}app/").content.decode())[1]
    client.post(f"{FACTOR}app/", {"code": code_of(secret)})
    assert client.get("/my-settings/").status_code == 200


def test_removing_the_last_one_leads_back_to_setting_one_up(ann, secret):
    require()
    client, page = after_password()
    client.post(page, {"code": code_of(secret, NOW + HALF_A_MINUTE)})
    assert client.get("/my-settings/").status_code == 200
    client.post(f"{FACTOR}app/remove/")
    assert client.get("/my-settings/")["Location"] == FACTOR


def test_colleagues_of_other_groups_need_none(ann):
    require("Operator")
    client, page = after_password()
    assert page == "/my-settings/"
    assert client.get("/my-settings/").status_code == 200


@pytest.fixture
def administrator():
    client = Client()
    client.force_login(AdminFactory(username="root", first_name="Rita", last_name="Root"))
    return client


def test_an_administrator_helps_somebody_locked_out_as_a_recorded_act(ann, secret, administrator):
    page = f"/account/help/{ann.pk}/"
    assert page in administrator.get(f"/auth/user/{ann.pk}/change/").content.decode()
    assert "required" in administrator.post(page, {"reason": "  "}).content.decode()
    assert Authenticator.objects.filter(user=ann).count() == 2
    administrator.post(page, {"reason": "Lost the phone; I called her back."})
    assert not Authenticator.objects.filter(user=ann).exists()
    row = SignIn.objects.get(outcome="helped")
    assert (row.user, row.name, row.note) == (ann, "root", "Lost the phone; I called her back.")
    mail = OutboundEmail.objects.latest("pk")
    assert mail.recipients == ["ann@desk.example"]
    assert "Rita Root removed the second factors" in mail.text
    assert "Lost the phone" in mail.text
    _client, page = after_password()
    assert page == "/my-settings/"


def test_nobody_else_may_help_and_nobody_helps_themselves(ann, secret, administrator):
    page = f"/account/help/{ann.pk}/"
    colleague = Client()
    colleague.force_login(staff("dora", groups=["Support director"]))
    assert colleague.post(page, {"reason": "please"}).status_code == 403
    own = administrator.session["_auth_user_id"]
    assert "your own pages" in administrator.post(f"/account/help/{own}/", {"reason": "me"}).content.decode()
    assert Authenticator.objects.filter(user=ann).exists()


def test_help_needs_a_recent_proof(ann, administrator, frozen):
    frozen.shift(timedelta(minutes=15))
    assert administrator.get(f"/account/help/{ann.pk}/")["Location"].startswith("/account/proof/")


def test_the_rule_of_a_group_is_set_on_its_page(administrator):
    group = Group.objects.get(name="Operator")
    html = administrator.get(f"/auth/group/{group.pk}/change/").content.decode()
    assert "second factor required" in html.lower()
