"""Every page of the desk in both languages, as its readers see it: the words of the theme, Django and django-q2 too."""

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from escalation.models import Clock
from tests.adminpages import add_url, list_url, page_url
from tests.words.reading import faults, stored_words, texts
from tests.words.scene import furnished

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
each_language = pytest.mark.parametrize("language", ["en", "zh-hans"])
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
PAGES = ["index", "operations", "my_settings", "password_change", "tickets_ticket_new"]


def of_rows():
    """Of each model the list, the page to add a row, and of one row its page, its history and its deletion."""
    for model in MODELS:
        yield list_url(model)
        yield add_url(model)
        row = admin.site._registry[model].model._default_manager.order_by("pk").last()
        if row is not None:
            yield page_url(row)
            yield page_url(row).replace("/change/", "/history/")
            yield page_url(row).replace("/change/", "/delete/")


def of_the_desk(scene):
    for name in PAGES:
        try:
            yield reverse(f"admin:{name}")
        except NoReverseMatch:
            continue
    for ticket in scene.tickets:
        yield page_url(ticket)
    clock = Clock.objects.filter(ticket=scene.tickets[0]).order_by("pk").first()
    yield reverse("admin:tickets_ticket_explain", args=[clock.ticket_id, clock.pk])
    yield reverse("admin:escalation_dutyrota_calendar", args=[scene.rota.pk])
    yield reverse("admin:index") + "nowhere/"


def wrong_on(client, pages, language, known) -> dict[str, list[str]]:
    places: dict[str, list[str]] = {}
    for page in pages:
        response = client.get(page, follow=True)
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
def test_no_page_holds_a_foreign_word(login, language):
    scene = furnished(language)
    known = stored_words()
    places: dict[str, list[str]] = {}
    for reader in (scene.root, scene.lead, scene.manager):
        pages = [*of_rows(), *of_the_desk(scene)] if reader == scene.root else list(of_the_desk(scene))
        for fault, where in wrong_on(login(reader), pages, language, known).items():
            places.setdefault(fault, []).extend(where)
    assert not places, as_lines(places)
