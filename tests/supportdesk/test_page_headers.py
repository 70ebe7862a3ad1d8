"""What answers tell the browser to refuse; tests/supportdesk/test_every_address.py asks each address of the site."""

from http import HTTPStatus

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.test.utils import override_settings
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from supportdesk.pages.errors import server_error
from supportdesk.settings import BASE_DIR
from tests.factories import AttachmentFactory, MessageFactory, staff
from tests.pageheaders import inline_in, lacks, policy_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(client: Client) -> Client:
    user = staff("root")
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    "html",
    [
        "<script>run()</script>", "<style>p { color: red }</style>", '<style nonce="other">p {}</style>',
        '<a href="javascript:run()">run</a>', '<p style="color: red">', '<body onload="run()">', "<base href='//x'>",
    ],
)  # fmt: skip
def test_what_stands_inline_is_found(html):
    assert len(inline_in(html, {"style-src": ["'self'", "'nonce-ours'"]})) == 1


def test_a_page_with_its_own_nonce_or_with_data_has_nothing_inline():
    html = '<style nonce="ours">p {}</style><script type="application/json">{}</script><script src="/a.js"></script>'
    assert inline_in(html, {"style-src": ["'self'", "'nonce-ours'"]}) == []


@pytest.mark.parametrize("path", ["/nothing/here/", "/ack/forged/", "/unsubscribe/forged/"])
def test_the_style_of_an_error_page_has_a_nonce_of_its_own(client, path):
    responses = [client.get(path, follow=True) for _again in range(2)]
    nonces = [policy_of(response)["style-src"][1] for response in responses if b"<style" in response.content]
    assert all(inline_in(response.content.decode(), policy_of(response)) == [] for response in responses)
    assert len(set(nonces)) == len(nonces)


@pytest.mark.parametrize("nonce", [{"csp_nonce": "abc"}, {}])
def test_the_page_of_an_internal_error_needs_nothing_but_its_nonce(nonce):
    request = RequestFactory().get("/")
    vars(request).update(nonce)
    html = server_error(request).content.decode()
    assert f'<style nonce="{nonce.get("csp_nonce", "")}">' in html


def test_the_html_of_a_mail_runs_nothing_and_has_a_style_of_ours_only(root):
    message = MessageFactory(html='<p style="color: red">red</p>')
    response = root.get(reverse("admin:tickets_message_frame", args=[message.pk]))
    policy = policy_of(response)
    assert policy["default-src"] == ["'none'"]
    assert "sandbox" in policy
    assert policy["style-src-attr"] == ["'unsafe-inline'"]  # mails bring their own
    assert f'<style nonce="{policy["style-src-elem"][0][7:-1]}">' in response.content.decode()
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_download_keeps_its_stricter_policy(root):
    file = AttachmentFactory(message=MessageFactory())
    response = root.get(reverse("admin:tickets_attachment", args=[file.pk]))
    assert response.status_code == HTTPStatus.OK
    response.close()
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@override_settings(SECURE_SSL_REDIRECT=True)
def test_even_an_answer_that_leads_to_https_has_the_headers(client):
    response = client.get("/")
    assert response.status_code == HTTPStatus.MOVED_PERMANENTLY
    assert [name for name in lacks(response) if name != "Cross-Origin-Opener-Policy"] == []


def test_the_stylesheet_has_the_colours_that_the_theme_would_write_into_each_page():
    request = RequestFactory().get("/")
    request.user = staff("ann")
    colours = UnfoldAdminSite.each_context(admin.site, request)["colors"]
    wanted = {
        f"--color-{name}-{weight}: {value};"
        for name, weights in colours.items()
        for weight, value in weights.items()
    }
    written = (BASE_DIR / "supportdesk/static/supportdesk/colors.css").read_text()
    assert {line.strip() for line in written.splitlines() if "--" in line} == wanted
    assert len(wanted) > 25


def test_the_search_of_pages_answers_twice(root):
    """The theme keeps what it found in the shared cache, which holds no objects."""
    for _again in range(2):
        html = root.get(reverse("admin:search"), {"s": "contact", "extended": "1"}).content.decode()
        assert reverse("admin:customers_contact_changelist") in html
