"""What the desk itself gave as a reason is read in the reader's language; what people wrote stays as it is."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import translation

from customers.choices import Language
from escalation.choices import DrillEnding
from escalation.enforcement.sweep import sweep
from escalation.lib.desk_reasons import SENTENCES, in_readers_words
from tests.adminpages import page_url
from tests.factories import AdminFactory, ContactFactory, CustomerFactory, StaffProfileFactory, staff
from tests.talk import answered, asked, clock_of, minute, opened
from tickets.choices import Priority, Status

LATE = "No response within 100% of the response time."
LATE_ZH = "响应时限已过 100%，仍未回复。"
# Services that write down a reason name one of these.
WRITERS = {"Act", "Move", "ownership", "hand_over", "hand_over_all", "move_to", "record", "append", "line"}
# What such modules say elsewhere: in a mail, in a drill's ticket, to the person who acts.
SAID_ELSEWHERE = {
    "escalation/enforcement/receipt_mail.py": "every sentence",
    "tickets/services/outgoing/delivery.py": "every sentence",
    "tickets/services/merging.py": ("Merged, the ticket has ",),
    "escalation/handlers.py": ("The customer is still waiting. ",),
    "escalation/drills/drills.py": (
        "This is a fire drill",
        "Nobody can join a room",
        "Reason of the drill",
    ),
    "escalation/enforcement/acknowledge.py": ("%(number)s is closed. ", "%(number)s has been answered. "),
}


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (LATE, LATE_ZH),
        (LATE_ZH, LATE_ZH),
        ("The customer wrote.", "客户来信。"),
        ("Li Lei is away.", "Li Lei休假中。"),
        ("No answer within 100 % of the promised time.", LATE_ZH),  # as the desk wrote it before
        ("在承诺时限的 100% 内没有回复。", LATE_ZH),
        ("Back from absence.", "休假返岗。"),
        ("The customer wrote. Twice.", "The customer wrote. Twice."),
        ("", ""),
    ],
)
def test_the_desks_sentences_are_read_in_chinese(said, heard):
    with translation.override("zh-hans"):
        assert in_readers_words(said, by_person=False) == heard


def test_a_reason_stored_in_chinese_is_read_in_english():
    with translation.override("en"):
        assert in_readers_words(LATE_ZH, by_person=False) == LATE


def test_placeholders_of_a_sentence_are_translated_too():
    with translation.override("zh-hans"):
        assert "10 min" not in in_readers_words("No response: 10 min before due.", by_person=False)


def test_a_persons_own_reason_is_not_translated():
    with translation.override("zh-hans"):
        assert in_readers_words("Their boss is away.", by_person=True) == "Their boss is away."


def test_every_reason_that_a_service_stores_is_listed_for_translation():
    forgotten = [
        f"{module}: {reason}"
        for module, tree in services()
        for reason in written_down(tree)
        if reason not in SENTENCES and not reason.startswith(SAID_ELSEWHERE.get(module, ()))
        if SAID_ELSEWHERE.get(module) != "every sentence"
    ]
    assert forgotten == []


def services() -> Iterator[tuple[str, ast.Module]]:
    """The modules that write reasons into timeline and ledger, with their paths."""
    root = Path(settings.BASE_DIR)
    for app in ("customers", "tickets", "escalation", "supportdesk"):
        for path in sorted((root / app).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            imported = (statement for statement in ast.walk(tree) if isinstance(statement, ast.ImportFrom))
            if "admin" not in path.parts and WRITERS & {
                each.name for statement in imported for each in statement.names
            }:
                yield path.relative_to(root).as_posix(), tree


def written_down(tree: ast.Module) -> Iterator[str]:
    """The translated sentences of a module, without those that it refuses something with."""
    refused = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Raise) for part in ast.walk(node)}
    for call in ast.walk(tree):
        if (
            isinstance(call, ast.Call)
            and id(call) not in refused
            and ast.unparse(call.func) in ("_", "gettext")
        ):
            yield ast.literal_eval(call.args[0])


@pytest.mark.parametrize("ending", DrillEnding)
@pytest.mark.parametrize("by_person", [True, False])
def test_how_a_drill_ended_is_read_in_the_readers_language(ending, by_person):
    written = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            written[language] = translation.gettext("The fire drill is over: %(ending)s.") % {
                "ending": ending.label
            }
    assert written["en"] != written["zh-hans"]
    for reader in ("en", "zh-hans"):
        with translation.override(reader):
            read = {in_readers_words(reason, by_person=by_person) for reason in written.values()}
        assert read == {written[reader]}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_listed_reason_has_a_chinese_translation(sentence):
    with translation.override("zh-hans"):
        assert translation.gettext(sentence) != sentence


@pytest.mark.django_db
@pytest.mark.usefixtures("frozen")
def test_no_page_shows_a_chinese_reader_the_english_reasons_of_the_desk(login):
    reader = StaffProfileFactory(user=AdminFactory(), language=Language.CHINESE).user
    owner = staff("ann", reports_to=staff("boss"))
    contact = ContactFactory(customer=CustomerFactory(account_manager=owner))
    ticket = opened(-60, contact=contact, priority=Priority.P0)
    clock, client = clock_of(ticket), login(reader)
    sweep(now=minute(-20))
    line = clock.events.get(cause=LATE)
    pages = [
        page_url(ticket), page_url(clock), page_url(line), reverse("admin:escalation_clockevent_changelist"),
        reverse("admin:tickets_ticket_explain", args=[ticket.pk, clock.pk]),
    ]  # fmt: skip
    shown = [client.get(page).content.decode() for page in pages]
    assert [(LATE in html, LATE_ZH in html) for html in shown] == [(False, True)] * 5
    answered(ticket, -10, then=Status.WAITING)
    asked(ticket, -5)
    assert "The customer wrote." not in client.get(pages[0]).content.decode()
