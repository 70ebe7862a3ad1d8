"""Every page opens, in both languages, and has no foreign word: those of the theme, Django and django-q2 included."""

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse

from escalation.models import Clock
from supportdesk.monitoring.operations import VIEW
from tests.adminpages import add_url, list_url, page_url
from tests.words.reading import faults, stored_words, texts
from tests.words.scene import furnished
from tickets.access import may_see
from tickets.models import Attachment, Mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
each_language = pytest.mark.parametrize("language", ["en", "zh-hans"])
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
PAGES = ["index", "help", "my_settings", "own_password", "password_change_done"]
APPS = ["auth", "customers", "tickets", "escalation", "django_q"]


def of_rows(reader):
    """Each app's page; each model's list and page to add a row; of one row its page, its history and its deletion.

    Each with the status that its answer should have.
    """
    request = asked_by(reader)
    for label in APPS:
        yield reverse("admin:app_list", args=[label]), 200
    for model in MODELS:
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


def wrong_on(client, pages, language, known) -> dict[str, list[str]]:
    places: dict[str, list[str]] = {}
    for page, status in pages:
        response = client.get(page, follow=True)
        if response.status_code != status:
            places.setdefault(f"answered {response.status_code}, not {status}", []).append(page)
        if "html" not in response.headers.get("Content-Type", ""):
            continue
        for text in texts(response.content.decode()):
            for fault in faults(text, language=language, known=known):
                places.setdefault(fault, []).append(page)
    return places


def as_lines(places: dict[str, list[str]]) -> str:
    """A line for each fault, with a page that has it."""
    return "\n".join(sorted(f"{fault} <- {where[0]}" for fault, where in places.items()))


@each_language
def test_every_page_opens_without_a_foreign_word(login, language):
    scene = furnished(language)
    known = stored_words()
    places: dict[str, list[str]] = {}
    for reader in (scene.root, scene.lead, scene.manager):
        pages = [*of_the_desk(scene, reader), *(of_rows(reader) if reader == scene.root else [])]
        for fault, where in wrong_on(login(reader), pages, language, known).items():
            places.setdefault(fault, []).extend(where)
    assert not places, as_lines(places)
