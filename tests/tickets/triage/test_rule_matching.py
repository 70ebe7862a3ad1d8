"""Which rule applies to which mail, and which of several decides. Tests facts too; nothing touches a database."""

import pytest

from tests.rawmail import rawmail
from tickets.choices import FileKind, Priority, RulePriority
from tickets.mail.parse import parse
from tickets.models import Rule
from tickets.triage import rule_matching
from tickets.triage.facts import MailFacts, facts_of
from tickets.triage.rule_matching import PreparedRule, judge


def facts(raw: bytes = b"", **more: object) -> MailFacts:
    mail = parse(raw or rawmail())
    known: dict = {"mailbox": 1, "sender": "Li@Company.example", "customer": 7, "scenario": "show_room"}
    return facts_of(mail, **{**known, "words": mail.new_text, **more})


def rule(**fields: object) -> Rule:
    return Rule(**{"name": "A rule", "priority": Priority.P1, **fields})


def applies(given: Rule, mail: MailFacts | None = None) -> bool:
    return PreparedRule(given).match(mail or facts()) is not None


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("li@company.example", True),
        ("LI@company.EXAMPLE", True),
        ("wu@company.example", False),
        ("company.example", True),
        ("@company.example", True),
        ("example", True),
        ("pany.example", False),
        ("eu.company.example", False),
    ],
)
def test_a_sender_is_an_address_or_a_domain_with_those_below_it(sender: str, expected: bool) -> None:
    assert applies(rule(sender=sender)) is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"mailbox_id": 1}, True),
        ({"mailbox_id": 2}, False),
        ({"customer_id": 7}, True),
        ({"customer_id": 8}, False),
        ({"customer_scenario": "show_room"}, True),
        ({"customer_scenario": "game_voice"}, False),
        ({"words": "black, dark"}, True),
        ({"words": "bla"}, False),
        ({"words": "black", "more_words": "room\nhall"}, True),
        ({"words": "black", "more_words": "hall"}, False),
        ({"words": "black", "not_within": "black screen\nis black"}, False),
        ({"mailbox_id": 1, "words": "sound"}, False),
    ],
)
def test_every_condition_that_is_given_must_hold(fields: dict, expected: bool) -> None:
    assert applies(rule(**fields)) is expected


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("x-tool", "", True),
        ("X-Tool:", "", True),
        ("X-Tool", "jira", True),
        ("X-Tool", "ji", False),
        ("X-Other", "", False),
    ],
)
def test_a_header_is_there_or_has_a_value(header: str, value: str, expected: bool) -> None:
    mail = facts(rawmail(headers={"X-Tool": "Jira"}))
    assert applies(rule(header=header, header_value=value), mail) is expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Importance": "High"}, True),
        ({"X-Priority": "1 (Highest)"}, True),
        ({"X-Priority": "2"}, True),
        ({"X-Priority": "3 (Normal)"}, False),
        ({"X-Priority": "10"}, False),
        ({"X-MSMail-Priority": "High"}, True),
        ({"Priority": "urgent"}, True),
        ({"Importance": "low"}, False),
        ({}, False),
    ],
)
def test_a_mail_is_marked_as_important(headers: dict[str, str], expected: bool) -> None:
    assert applies(rule(is_important=True), facts(rawmail(headers=headers))) is expected


@pytest.mark.parametrize(
    ("content_type", "name", "kind"),
    [
        ("image/png", "a.png", FileKind.IMAGE),
        ("video/mp4", "a.mp4", FileKind.RECORDING),
        ("application/pdf", "a", FileKind.DOCUMENT),
        ("application/x-zip-compressed", "a", FileKind.ARCHIVE),
        ("application/octet-stream", "sdk.LOG", FileKind.TEXT),
        ("application/octet-stream", "dump.7z", FileKind.ARCHIVE),
    ],
)
def test_an_attachment_has_a_kind_by_type_or_name(content_type: str, name: str, kind: FileKind) -> None:
    body = "\r\n".join(
        [
            "--b", "Content-Type: text/plain", "", "See the file.", "--b", f"Content-Type: {content_type}",
            f'Content-Disposition: attachment; filename="{name}"', "", "AAAA", "--b--",
        ]
    )  # fmt: skip
    mail = facts(rawmail(body=body, content_type='multipart/mixed; boundary="b"'))
    assert applies(rule(file_kind=kind), mail)
    assert not applies(rule(file_kind=FileKind.MAIL), mail)


def test_quoted_text_and_signatures_are_not_read() -> None:
    body = "Thanks!\r\n\r\nOn Mon, Mar 5, 2024 at 10:07 AM Anna <a@c.example> wrote:\r\n> outage\r\n\r\n-- \r\noutage"
    assert not applies(rule(words="outage"), facts(rawmail(body=body)))


def test_a_match_names_its_words() -> None:
    match = PreparedRule(rule(words="Black, room, sound")).match(facts())
    assert match is not None
    assert match.words == ("black", "room")


def test_the_first_rule_decides_each_outcome_and_later_ones_what_is_left() -> None:
    first = rule(name="first", words="black", scenario="show_room")
    second = rule(name="second", words="room", priority=Priority.P0, owner_id=3, how=RulePriority.SET)
    third = rule(name="third", words="dark", parks=True)
    verdict = judge([PreparedRule(each) for each in (first, second, third)], facts())
    assert verdict.priority is not None
    assert verdict.owner is not None
    assert verdict.scenario is not None
    assert (verdict.priority.rule, verdict.owner.rule, verdict.scenario.rule) == (first, second, first)
    assert verdict.parks is None
    assert verdict.names == ["first", "second"]


def test_a_word_that_a_mail_repeats_is_looked_at_in_a_bounded_number_of_places(monkeypatch) -> None:
    looked_at = []
    monkeypatch.setattr(rule_matching, "is_said_now", lambda _text, place: looked_at.append(place) or False)
    assert not applies(rule(words="down", only_now=True), facts(words="down " * 1_000))
    assert len(looked_at) == rule_matching.MOST_PLACES
