"""The calendar feed of a person's shifts, and the link that opens it."""

from datetime import timedelta

import pytest
from django.core.signing import Signer
from django.urls import reverse

from escalation.duty.calendar_feed import calendar_of, renew_link, revoke_link, token_of, user_of
from escalation.duty.overrides_and_swaps import put_on_duty
from escalation.models import DutyFeed
from tests.factories import NOW, DutyRotaFactory, DutyShiftFactory, UserFactory, staff
from tests.pageheaders import without_nonce

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def ann():
    return staff("ann")


def shift(user, days, **more):
    return DutyShiftFactory(
        user=user, starts_at=NOW + days * DAY, ends_at=NOW + days * DAY + 8 * HOUR, **more
    )


def starts(user):
    text = calendar_of(user, at=NOW).decode()
    return [line.removeprefix("DTSTART:") for line in text.split("\r\n") if line.startswith("DTSTART:")]


def page(token):
    return reverse("duty_feed", args=[token])


def test_the_feed_holds_the_owners_shifts_from_four_weeks_ago_onwards(ann):
    for days in (-29, -27, 0, 50):
        shift(ann, days)
    shift(UserFactory(), 1)
    assert starts(ann) == ["20261022T120000Z", "20261118T120000Z", "20270107T120000Z"]


def test_shifts_that_somebody_else_took_over_are_cut_out_of_the_feed(ann):
    rota = shift(ann, 1).rota
    first, last = NOW + DAY + 2 * HOUR, NOW + DAY + 4 * HOUR
    put_on_duty(rota=rota, user=UserFactory(), starts_at=first, ends_at=last, reason="x", actor=None, at=NOW)
    assert starts(ann) == ["20261119T120000Z", "20261119T160000Z"]


def test_an_event_keeps_its_uid_when_its_row_is_made_anew(ann):
    rota = DutyRotaFactory()
    before = shift(ann, 1, rota=rota)
    text = calendar_of(ann, at=NOW)
    before.delete()
    shift(ann, 1, rota=rota)
    assert calendar_of(ann, at=NOW) == text


def test_the_feed_is_in_the_language_of_its_owner():
    zhao = staff("zhao", language="zh-hans")
    shift(zhao, 1, rota=DutyRotaFactory(name="值班"))
    assert "SUMMARY:" in calendar_of(zhao, at=NOW).decode()
    assert "值班" in calendar_of(zhao, at=NOW).decode()


def test_many_shifts_cost_one_query(ann, count_queries):
    for days in range(30):
        shift(ann, days)
    assert count_queries(lambda: calendar_of(ann, at=NOW)) == 1


def test_the_link_opens_the_feed_without_a_login(ann, client, frozen):
    shift(ann, 1)
    response = client.get(page(token_of(renew_link(user=ann, at=NOW))))
    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert "no-store" in response["Cache-Control"]


def test_a_new_link_replaces_the_old_one_and_can_be_removed(ann):
    first = token_of(renew_link(user=ann, at=NOW))
    second = token_of(renew_link(user=ann, at=NOW))
    assert (user_of(first), user_of(second)) == (None, ann)
    revoke_link(user=ann)
    assert user_of(second) is None


@pytest.mark.parametrize("field", ["is_active", "is_staff"])
def test_a_user_who_left_has_no_feed(ann, field):
    token = token_of(renew_link(user=ann, at=NOW))
    setattr(ann, field, False)
    ann.save()
    assert user_of(token) is None


def test_every_bad_link_gets_the_same_answer(ann, client):
    token = token_of(renew_link(user=ann, at=NOW))
    feed = DutyFeed.objects.get()
    forged = [
        "x",
        token + "x",
        token[:-1],
        f"{ann.pk}-{feed.secret}",
        f"{ann.pk}-{feed.secret}." + "x" * 43,
        Signer(salt="other", sep=".").sign(f"{ann.pk}-{feed.secret}"),
        Signer(salt="escalation.duty.feed", sep=".").sign("nobody"),
        Signer(salt="escalation.duty.feed", sep=".").sign(f"{ann.pk + 1}-{feed.secret}"),
        "x" * 5000,
    ]
    answers = {
        (response.status_code, without_nonce(response.content))
        for response in map(client.get, map(page, forged))
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 404


def test_the_feed_can_only_be_read(ann, client):
    assert client.post(page(token_of(renew_link(user=ann, at=NOW)))).status_code == 405


def test_my_settings_makes_shows_renews_and_removes_the_link(ann, login):
    client, settings_page, link = login(ann), reverse("admin:my_settings"), reverse("admin:duty_link")
    assert "/duty/" not in client.get(settings_page).content.decode()
    client.post(link)
    first = token_of(DutyFeed.objects.get(user=ann))
    assert page(first) in client.get(settings_page).content.decode()
    client.post(link)
    assert page(first) not in client.get(settings_page).content.decode()
    client.post(link, {"remove": ""})
    assert not DutyFeed.objects.exists()


def test_opening_my_settings_creates_no_link(ann, login):
    assert login(ann).get(reverse("admin:duty_link")).status_code == 405
    assert not DutyFeed.objects.exists()
