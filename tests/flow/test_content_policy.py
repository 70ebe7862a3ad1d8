"""The pages in a real browser, which refuses whatever the desk's content policy does not allow, and says so.

`page` fails a test for every error that the browser logs, and a refused script or style is one.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import unfold
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from customers.models import Absence, Customer
from escalation.models import ClockEvent, DutyLayer, DutyTurn, Escalation
from escalation.notifications.acknowledge_links import ack_link
from tests.adminpages import add_url, list_url, page_url
from tests.factories import NOW
from tests.flow.browser import page
from tests.hosts import stopped_clock
from tests.words.scene import Scene, furnished
from tickets.models import Message, Ticket

OWN = Path(settings.BASE_DIR, "supportdesk/static/supportdesk/alpine_without_eval.js")
ALPINE = Path(settings.BASE_DIR, "supportdesk/overrides/static/unfold/js/alpine/alpine.js")
EXPRESSION = re.compile(
    r"""\sx-(?:data|init|show|text|model|if|bind:[\w-]+|on:[\w:.-]+|sort:config|resize)="([^"]*)\""""
)
PROBE = """document.addEventListener("alpine:init", () => {
  Alpine.setErrorHandler((error, el, words) => faults.push(`${error.message}: ${words}`));
  Alpine.directive("probe", (el, { expression }, { evaluateLater }) => evaluateLater(expression)(() => {}));
})"""
# Unknown variables are those of the page around; anything else the CSP build cannot read, or does not let pass.
ASK = """(all) => {
  for (const words of all) {
    const element = document.createElement("i");
    element.setAttribute("x-probe", words);
    document.body.appendChild(document.createElement("div")).append(element);
    Alpine.initTree(element);
  }
  const outside = /Undefined variable: (window|document|localStorage|location|Math|Date|getComputedStyle|\\w+Records)/;
  return faults.filter((fault) => /Parser Error|prohibited/.test(fault) || outside.test(fault));
}"""
pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Playwright's own loop runs in this thread, in which Django would refuse every query."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with stopped_clock(NOW):
        return furnished("en")


@pytest.fixture
def window(live_server: Any, scene: Scene) -> Iterator[Page]:
    client = Client()
    client.force_login(scene.root)
    with page(overlooking="status of 4(04|10)") as opened:  # an expired link and a forged one
        warnings: list[str] = []
        opened.on("console", lambda said: warnings.append(said.text) if said.type == "warning" else None)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        opened.context.add_cookies([cookie])
        yield opened
        connections.close_all()  # within Playwright's loop Django has connections of its own
    assert warnings == []


def seen(window: Page, selector: str, **having: Any) -> Locator:
    found = window.locator(f"{selector}:visible", **having).first
    found.wait_for()
    return found


def test_the_main_pages_work_without_anything_inline(window: Page, live_server: Any, scene: Scene) -> None:
    window.goto(live_server.url + reverse("admin:index"))
    _the_frame_around_every_page(window)
    _the_board(window)
    _a_ticket(window, live_server.url, scene.tickets[0])
    _a_new_ticket(window, live_server.url)
    _a_list(window, live_server.url)
    _forms(window, live_server.url, scene)
    for address in (
        reverse("admin:operations"), reverse("admin:help"), reverse("admin:my_settings"), reverse("my_account"),
        reverse("mfa_index"), reverse("mfa_activate_totp"), page_url(scene.rota),
        page_url(ClockEvent.objects.latest("pk")),
    ):  # fmt: skip
        window.goto(live_server.url + address)
        seen(window, "h1")
    _pages_of_strangers(window, live_server.url, scene)


def _the_frame_around_every_page(window: Page) -> None:
    """Menu of the user, theme, sidebar and the search of commands."""
    window.locator("[x-on\\:click='openUserLinks = !openUserLinks']").click()
    for theme in ("dark", "light"):
        window.locator(f"[x-on\\:click=\"switchTheme('{theme}')\"]").click()
        expect(window.locator("html")).to_have_class(re.compile(rf"\b{theme}\b"))
    window.keyboard.press("Escape")
    sidebar = window.locator("#nav-sidebar")
    switch = window.get_by_text("dock_to_right").locator("visible=true").first
    switch.click()
    expect(sidebar).to_be_hidden()
    switch.click()
    expect(sidebar).to_be_visible()
    window.keyboard.press("Control+k")
    window.locator("#search-input-command").press_sequentially("cust")
    window.locator("#command-results-list li").first.wait_for()
    window.keyboard.press("ArrowDown")
    window.keyboard.press("Escape")
    window.keyboard.press("Escape")
    expect(window.locator("#search-input-command")).to_be_hidden()


def _the_board(window: Page) -> None:
    rows = window.locator("tr[data-row]")
    before = rows.count()
    window.locator("#id_q").press_sequentially("no such words")
    expect(rows).to_have_count(0)
    window.locator("#board-clear").click()
    expect(rows).to_have_count(before)
    bar = window.locator(".cd-bar i").first
    assert re.search(r"width: \d+%", bar.get_attribute("style") or "")
    expect(window.locator("p.kept")).not_to_be_empty()  # loaded by htmx
    window.keyboard.press("j")
    expect(window.locator("tr.on")).to_have_count(1)


def _a_ticket(window: Page, desk: str, ticket: Ticket) -> None:
    window.goto(desk + page_url(ticket))
    window.keyboard.press("n")
    form = window.locator("form[data-draft=note]")
    form.locator("textarea[name=body]").fill("Written under a strict policy")
    expect(form.locator(".draft")).to_be_visible()
    form.locator(".btn-main").click()
    window.get_by_text("Written under a strict policy").first.wait_for()
    message = Message.objects.filter(ticket=ticket).earliest("pk")
    Message.objects.filter(pk=message.pk).update(html='<p style="color: red">red</p>')
    window.goto(desk + page_url(ticket))
    window.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    frame = window.frame_locator(f"#m{message.pk} iframe")
    colours = [frame.locator(name).evaluate("(it) => getComputedStyle(it).color") for name in ("p", "body")]
    assert colours == ["rgb(255, 0, 0)", "rgb(31, 36, 48)"]


def _a_new_ticket(window: Page, desk: str) -> None:
    window.goto(desk + reverse("admin:tickets_ticket_add"))
    window.locator(".f-contact .select2-selection").click()
    window.locator(".select2-search__field").press_sequentially("何")
    window.locator(".select2-results__option--highlighted", has_text="何思琪").click()
    expect(window.locator(".f-contact .select2-selection__rendered")).to_contain_text("何思琪")


def _a_list(window: Page, desk: str) -> None:
    window.goto(desk + list_url(Customer))
    window.locator("[x-on\\:click='filterOpen = true']").locator("visible=true").click()
    panel = window.locator("#changelist-filter")
    expect(panel).to_be_visible()
    window.locator("#changelist-filter-close").click(position={"x": 5, "y": 5})
    expect(panel).to_be_hidden()
    window.locator("input.action-select").first.check()
    bar = window.locator("#changelist-actions")
    expect(bar).to_be_visible()
    assert bar.bounding_box()["width"] > 600


def _forms(window: Page, desk: str, scene: Scene) -> None:
    window.goto(desk + add_url(Absence))
    window.locator("#calendarlink0").click()
    window.locator("#calendarbox0 td a", has_text=re.compile("^15$")).click()
    expect(window.locator("#id_starts_at_0")).to_have_value(re.compile(r"-15|15"))
    window.locator("#clocklink0").click()
    window.locator("#clockbox0 li a").first.click()
    expect(window.locator("#id_starts_at_1")).not_to_be_empty()
    _turns(window, desk)
    window.goto(desk + page_url(scene.manager))
    window.locator(".selector-chosen").wait_for()
    chosen = window.locator("#id_groups_to option")
    before = chosen.count()
    window.locator("#id_groups_from option", has_text="Auditor").dblclick()
    expect(chosen).to_have_count(before + 1)


def _turns(window: Page, desk: str) -> None:
    """Rows are added, and dragged into another order."""
    layer = DutyLayer.objects.earliest("pk")
    for number, user in enumerate(User.objects.order_by("pk")[:2]):
        DutyTurn.objects.get_or_create(layer=layer, user=user, defaults={"position": number})
    window.goto(desk + page_url(layer))
    rows = window.locator("tbody.form-group.original")
    first = rows.nth(0).locator("select").input_value()
    grips = window.locator("tbody.form-group.original .cursor-move")
    grips.nth(0).drag_to(grips.nth(1), target_position={"x": 5, "y": 18})
    assert rows.nth(0).locator("select").input_value() != first
    positions = [rows.nth(number).locator("input[name$=-position]").input_value() for number in range(2)]
    assert positions == ["0", "1"]
    before = window.locator("tbody.form-group:not(.empty-form)").count()
    window.locator(".add-row").first.click()
    expect(window.locator("tbody.form-group:not(.empty-form)")).to_have_count(before + 1)


def _pages_of_strangers(window: Page, desk: str, scene: Scene) -> None:
    """An error page is one of them: its style stands in the page, under a nonce."""
    window.context.clear_cookies()
    window.goto(desk + reverse("admin:login"))
    seen(window, "#login-form")
    link = urlsplit(ack_link(user=scene.root, escalation=Escalation.objects.latest("pk"))).path
    for address in (link, "/ack/forged/"):
        window.goto(desk + address)
        assert window.locator("main").evaluate("(main) => getComputedStyle(main).maxWidth") == "544px"


def test_every_expression_of_the_theme_is_read_without_eval() -> None:
    """Also those of pages that this desk does not show. That a variable is missing here says nothing."""
    with page() as window:
        window.goto("data:text/html,<!doctype html><body></body>")
        window.evaluate("window.htmx = { config: {} }; window.faults = []")
        window.evaluate(PROBE)
        for script in (OWN, ALPINE):
            window.add_script_tag(path=script)
        window.wait_for_function("window.Alpine?.version")
        faults = window.evaluate(ASK, expressions())
    assert len(expressions()) > 100
    assert faults == []


def expressions() -> list[str]:
    """Of the theme's templates, with their first branches."""
    found = set()
    for path in Path(unfold.__file__).parent.rglob("*.html"):
        for words in EXPRESSION.findall(path.read_text()):
            words = re.sub(
                r"{%-? if .*?%}(.*?)({%-? else %}.*?)?{%-? endif %}", r"\1", words, flags=re.DOTALL
            )
            words = re.sub(r"{%.*?%}", "", re.sub(r"{{.*?}}", "1", words))
            found.add(words.strip())
    return sorted(words for words in found if words and words.count("'") % 2 == 0)
