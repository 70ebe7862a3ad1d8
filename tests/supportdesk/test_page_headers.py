"""What every answer tells the browser to refuse, asked of each address of the URL conf; no page needs more."""

import re
from http import HTTPStatus

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.test import Client, RequestFactory
from django.test.utils import override_settings
from django.urls import reverse
from selectolax.lexbor import LexborHTMLParser
from unfold.sites import UnfoldAdminSite

from supportdesk.pages.errors import server_error
from supportdesk.settings import BASE_DIR
from tests.addresses import every_address
from tests.factories import AttachmentFactory, MessageFactory, staff

pytestmark = pytest.mark.django_db
STRICT = {
    "default-src": ["'none'"], "script-src": ["'self'"], "style-src": ["'self'"], "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"], "connect-src": ["'self'"], "form-action": ["'self'"],
}  # fmt: skip
NO_SCRIPT_HERE = {"application/json", "text/template"}


@pytest.fixture
def root(client: Client) -> Client:
    user = staff("root")
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    client.force_login(user)
    return client


def policy_of(response: HttpResponseBase) -> dict[str, list[str]]:
    parts = response.headers["Content-Security-Policy"].split(";")
    return {name: sources for name, *sources in (part.split() for part in parts)}


def lacks(response: HttpResponseBase) -> list[str]:
    """What is missing from the headers of an answer, or weaker than it should be."""
    policy = policy_of(response) if "Content-Security-Policy" in response.headers else {}
    nonce = re.compile(r"'nonce-[\w+/=]{20,}'")
    found = {name: [one for one in policy.get(name, []) if not nonce.fullmatch(one)] for name in STRICT}
    faults = [name for name, sources in STRICT.items() if found[name] != sources]
    if "sandbox" in policy and policy["default-src"] == ["'none'"]:
        faults = []  # stricter still: nothing runs
    headers = {
        "Permissions-Policy": "camera=()", "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "",
    }  # fmt: skip
    return faults + [name for name, words in headers.items() if words not in response.headers.get(name, "\0")]


def inline_in(html: str, policy: dict[str, list[str]]) -> list[str]:
    """What the policy refuses: scripts, handlers and styles that stand in the page without its nonce."""
    page = LexborHTMLParser(html)
    allowed = [source[7:-1] for source in policy.get("style-src", []) if source.startswith("'nonce-")]
    refused = [
        node.html[:90] for node in page.css("script:not([src]), style")
        if node.attributes.get("type") not in NO_SCRIPT_HERE and node.attributes.get("nonce") not in allowed
    ]  # fmt: skip
    for node in page.css("*"):
        names = [name for name in node.attributes if name == "style" or name.startswith("on")]
        refused += [f"{name} of {node.html[:90]}" for name in names]
    return refused + [node.html[:90] for node in page.css("[href^='javascript:'], object, embed, base")]


def test_every_address_answers_with_the_headers_and_nothing_inline(root: Client) -> None:
    keys = {"headers": {}, "inline": {}}
    number = staff("ann", groups=["Account manager"]).pk
    for address in every_address():
        for client in (root, Client()):
            path = address.path(number)
            response = client.get(path)
            keys["headers"][path] = lacks(response)
            if response.headers.get("Content-Type", "").startswith("text/html"):
                keys["inline"][path] = inline_in(response.content.decode(), policy_of(response))
    assert len(keys["headers"]) > 200
    assert {path: names for path, names in keys["headers"].items() if names} == {}
    assert {path: found for path, found in keys["inline"].items() if found} == {}


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
