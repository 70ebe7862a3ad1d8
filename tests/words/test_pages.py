"""A desk on which nearly everything has happened, in both languages: its pages, refused forms, actions and mails.

Nothing of it is in another language than the reader's: the words of the theme, Django and django-q2 included.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.contrib import admin
from django.test import RequestFactory, override_settings
from django.urls import reverse

from escalation.models import Clock
from escalation.working_time.lookup import forget_versions
from supportdesk.monitoring.operations import VIEW
from tests.adminpages import add_url, list_url, page_url, run_action
from tests.factories import NOW
from tests.hosts import stopped_clock
from tests.lastingrows import lasting_rows
from tests.words.reading import faults, faults_of_pages, stored_words
from tests.words.scene import Scene, furnished
from tickets.access import may_see
from tickets.choices import MailPurpose
from tickets.models import Attachment, Mailbox, Message, OutboundEmail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
PAGES = ["index", "help", "scorecards", "my_settings", "own_password", "password_change_done"]
APPS = ["auth", "customers", "tickets", "escalation", "django_q"]
NAMES = {"DESK_NAME": "Aurora Support", "DESK_NAME_ZH": "极光技术支持"}


@dataclass(frozen=True)
class Furnished:
    """The desk, the one language of its people, and where it put its files."""

    language: str
    scene: Scene
    folder: Path


@pytest.fixture(scope="module", params=["en", "zh-hans"])
def desk(request, django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Furnished]:
    """Made once for all tests of a language: it takes longer than most of them."""
    folder = tmp_path_factory.mktemp("desk")
    forget_versions()
    with lasting_rows(django_db_blocker):
        with stopped_clock(NOW), override_settings(MEDIA_ROOT=folder, **NAMES):
            scene = furnished(request.param)
        yield Furnished(request.param, scene, folder)


@pytest.fixture(autouse=True)
def _files_of_the_desk(desk, settings):
    settings.MEDIA_ROOT = desk.folder


@pytest.fixture
def known(desk) -> set[str]:
    return stored_words()


def of_rows(reader, app):
    """An app's page; each model's list and page to add a row; of one row its page, its history and its deletion.

    Each with the status that its answer should have.
    """
    request = asked_by(reader)
    if app in APPS:
        yield reverse("admin:app_list", args=[app]), 200
    for model in of_app(app):
        own = admin.site._registry[model]
        yield list_url(model), opens(own.has_view_or_change_permission(request))
        yield add_url(model), opens(own.has_add_permission(request))
        row = model._default_manager.order_by("pk").last()
        if row is not None:
            may_read = opens(own.has_view_or_change_permission(request, row))
            yield page_url(row), may_read
            yield page_url(row).replace("/change/", "/history/"), may_read
            may_delete = own.has_delete_permission(request, row)
            yield page_url(row).replace("/change/", "/delete/"), opens(may_delete)


def of_app(label):
    return [model for model in MODELS if model._meta.app_label == label]


def asked_by(reader):
    request = RequestFactory().get("/")
    request.user = reader
    return request


def opens(is_allowed: bool) -> int:
    return 200 if is_allowed else 403


def of_the_desk(scene, reader):
    for name in PAGES:
        yield reverse(f"admin:{name}"), 200
    yield reverse("admin:operations"), opens(reader.has_perm(VIEW))
    yield reverse("admin:search") + "?s=black", 200
    for ticket in scene.tickets:
        yield page_url(ticket), 200 if may_see(reader, ticket) else 404
    mail = Attachment.objects.get(content_type="message/rfc822")
    seen = 200 if may_see(reader, mail.message.ticket) else 404
    yield reverse("admin:tickets_attached_mail", args=[mail.pk]), seen
    clock = Clock.objects.filter(ticket=scene.tickets[0]).order_by("pk").first()
    yield reverse("admin:tickets_ticket_explain", args=[clock.ticket_id, clock.pk]), 200
    yield reverse("admin:escalation_dutyrota_calendar", args=[scene.rota.pk]), 200
    polled = Mailbox.objects.exclude(host="").get()
    may_import = admin.site._registry[Mailbox].has_change_permission(asked_by(reader))
    yield reverse("admin:tickets_mailbox_import", args=[polled.pk]), opens(may_import)
    yield reverse("admin:index") + "nowhere/", 404


def wrong_on(client, pages, language, known) -> list[str]:
    """A line for each page that answers otherwise than it should, and for each fault."""
    answers = [(page, status, client.get(page, follow=True)) for page, status in pages]
    others = [
        f"{page} answered {answer.status_code}, not {status}"
        for page, status, answer in answers
        if answer.status_code != status
    ]
    shown = {
        page: answer.content.decode()
        for page, _status, answer in answers
        if "html" in answer.headers.get("Content-Type", "")
    }
    return [*others, *faults_of_pages(shown.items(), language=language, known=known)]


@pytest.mark.parametrize("reader", ["root", "lead", "manager"])
def test_every_page_of_the_desk_opens_without_a_foreign_word(login, desk, known, reader):
    person = getattr(desk.scene, reader)
    assert wrong_on(login(person), of_the_desk(desk.scene, person), desk.language, known) == []


@pytest.mark.parametrize("app", sorted({model._meta.app_label for model in MODELS} | set(APPS)))
def test_every_page_of_rows_opens_without_a_foreign_word(login, desk, known, app):
    root = desk.scene.root
    assert wrong_on(login(root), of_rows(root, app), desk.language, known) == []


def refused(browser, model, request):
    """The answer to a form of which nothing was filled in, its rows below included."""
    rows = admin.site._registry[model].get_formsets_with_inlines(request)
    prefixes = {formset.get_default_prefix() for formset, _inline in rows}
    counts = ("TOTAL_FORMS", "INITIAL_FORMS")
    nothing = {f"{prefix}-{count}": 0 for prefix in prefixes for count in counts}
    return browser.post(add_url(model), nothing, follow=True)


def test_refused_forms_and_actions(login, desk, known):
    """Each form sent empty, and each action of each list for two of its rows; what each of them says."""
    root = desk.scene.root
    browser, request = login(root), asked_by(root)
    forms = [refused(browser, model, request) for model in MODELS]
    done = []
    for model in MODELS:
        rows = list(model._default_manager.order_by("pk")[:2])
        for name in admin.site._registry[model].get_actions(request) if rows else ():
            done.append(run_action(browser, name, rows))
    assert len(done) > 20
    shown = (
        (f"{page.status_code} {page.request['PATH_INFO']}", page.content.decode())
        for page in (*forms, *done)
        if "html" in page.headers["Content-Type"]
    )
    assert list(faults_of_pages(shown, language=desk.language, known=known)) == []


def test_no_mail_holds_a_foreign_word(desk):
    mails = list(OutboundEmail.objects.order_by("pk"))
    assert {mail.purpose for mail in mails} == set(MailPurpose.values)
    known = stored_words_besides_texts()
    found = [
        fault
        for mail in mails
        for line in (mail.subject, *mail.text.splitlines())
        for fault in faults(line, language=desk.language, known=known)
    ]
    assert not found, "\n".join(sorted(set(found)))


def stored_words_besides_texts() -> set[str]:
    """Without what the desk wrote itself."""
    texts = OutboundEmail.objects.values_list("pk", "subject", "text", "html")
    kept = list(texts)
    OutboundEmail.objects.update(subject="", text="", html="")
    notes = list(Message.objects.filter(author=None, kind="note").values_list("pk", "body"))
    Message.objects.filter(author=None, kind="note").update(body="")
    known = stored_words()
    for pk, subject, text, html in kept:
        OutboundEmail.objects.filter(pk=pk).update(subject=subject, text=text, html=html)
    for pk, body in notes:
        Message.objects.filter(pk=pk).update(body=body)
    return known
