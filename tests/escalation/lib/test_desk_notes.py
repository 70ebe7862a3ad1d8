"""A note of the desk is read in the reader's language and zone, whoever it was written for."""

from dataclasses import replace

import pytest
from django.utils import timezone, translation

from escalation.enforcement.handover import HandoverCause, HandoverFacts, MessageExcerpt, handover_text
from escalation.lib.desk_notes import note_in_readers_words
from tests.factories import NOW
from tests.talk import minute
from tickets.choices import Channel, MessageKind

READERS = [
    ("en", "Europe/Berlin"),
    ("zh-hans", "Asia/Shanghai"),
    ("en", "America/New_York"),
    ("zh-hans", "UTC"),
]
FACTS = HandoverFacts(
    language="en",
    zone="UTC",
    at=minute(31),
    cause=HandoverCause.ABSENCE,
    before="林悦",
    after="James Whitfield",
    actor="",
    reason="",
    customer="",
    plan="",
    contact="Maya · maya@aurora.example",
    subject="Black: since noon · all rooms",
    started_at=NOW,
    due_at=minute(30),
    informed={"林悦": minute(15), "Cy": minute(24)},
    question=MessageExcerpt(NOW, MessageKind.INBOUND, Channel.EMAIL, "Maya", "Black.\nDue: soon"),
    others=[
        MessageExcerpt(
            minute(5), MessageKind.CONTACT, Channel.PHONE, "林悦", "Called: no one", is_backdated=True
        ),
        MessageExcerpt(minute(6), MessageKind.NOTE, Channel.EMAIL, "", "Looks like the SDK."),
    ],
)


def as_first_read(language, zone, **other):
    """The note as if it had been written for this reader, its stamps short."""
    with translation.override(language), timezone.override(zone):
        return note_in_readers_words(handover_text(replace(FACTS, language=language, zone=zone, **other)))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("writer", READERS)
@pytest.mark.parametrize("cause", HandoverCause)
def test_a_note_reads_the_same_whatever_language_and_zone_it_was_written_in(writer, reader, cause):
    names = {"cause": cause, "actor": "Cy", "reason": "ill", "due_at": minute(120)}
    written = handover_text(replace(FACTS, language=writer[0], zone=writer[1], **names))
    with translation.override(reader[0]), timezone.override(reader[1]):
        assert note_in_readers_words(written) == as_first_read(*reader, **names)


def test_a_chinese_note_is_read_in_english_and_another_zone():
    written = handover_text(replace(FACTS, language="zh-hans", zone="Asia/Shanghai"))
    with translation.override("en"), timezone.override("Europe/Berlin"):
        assert note_in_readers_words(written).split("\n") == [
            "林悦 is away; James Whitfield stands in.",
            "Customer: unknown company",
            "Contact: Maya · maya@aurora.example",
            "Subject: Black: since noon · all rooms",
            "Received: Wednesday 18 November 2026, 13:00 (UTC+1, Berlin)",
            "Due: Wednesday 18 November 2026, 13:30 (UTC+1, Berlin), overdue by 1 min",
            "Notified: 林悦 (11-18 13:15), Cy (11-18 13:24)",
            "",
            "The customer's last message:",
            "Black.",
            "Due: soon",
            "",
            "Other messages:",
            "11-18 13:05 · 林悦 · Phone call · logged later: Called: no one",
            "11-18 13:06 · Internal note: Looks like the SDK.",
        ]


def test_an_old_note_keeps_its_times_when_they_name_no_zone():
    note = "由林悦升级至陈国栋。\n已通知：林悦（11-18 20:15）\n11-18 20:05 · 林悦 · 电话：打过了"
    english = "Escalated from 林悦 to 陈国栋.\nNotified: 林悦 (11-18 20:15)\n11-18 20:05 · 林悦 · Phone call: 打过了"
    with translation.override("en"):
        assert note_in_readers_words(note) == english


@pytest.mark.parametrize("advice", ["Name the customer on this page", "Choose one for the contact"])
def test_a_note_about_an_email_without_a_sender_is_read_in_the_readers_language(advice):
    sentence = f"No customer is known for %(address)s. {advice}, or add their email domain."
    with translation.override("zh-hans"):
        chinese = translation.gettext(sentence) % {
            "address": translation.gettext("an email without a sender")
        }
        assert not chinese.isascii()
    with translation.override("en"):
        assert note_in_readers_words(chinese) == sentence % {"address": "an email without a sender"}
