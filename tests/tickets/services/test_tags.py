"""Tags: put on by rules and colleagues, kept in a merge, found again."""

import pytest

from tests.factories import AdminFactory, ContactFactory, CustomerFactory, TicketFactory
from tests.talk import minute, opened
from tickets.choices import Fact
from tickets.errors import DeskError
from tickets.models import Rule, TicketTag
from tickets.models.tag import tagged_tickets
from tickets.services.merging import merge
from tickets.services.tags import add_tags, set_tags
from tickets.tag_names import MOST_TAGS, tag_names
from tickets.timeline_text import timeline_sentence

pytestmark = pytest.mark.django_db


def names(ticket):
    return [tag.name for tag in ticket.tags.all()]


def changes(ticket):
    return [timeline_sentence(entry, {}) for entry in ticket.timeline.filter(fact=Fact.TAGS).order_by("pk")]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", []),
        (" , ;", []),
        ("Black Screen, sdk-4.3", ["black screen", "sdk-4.3"]),
        ("推流，黑屏、#SDK；sdk", ["推流", "黑屏", "sdk"]),
        ("a\nb  c", ["a", "b c"]),
    ],
)
def test_tags_are_read_from_one_line(written, read):
    assert tag_names(written) == read


@pytest.mark.parametrize("written", ["x" * 41, ",".join(map(str, range(MOST_TAGS + 1)))])
def test_too_long_and_too_many_tags_are_refused_with_a_sentence(written):
    with pytest.raises(DeskError, match=r"At most|too long"):
        tag_names(written)


def test_a_colleague_changes_the_tags_of_a_ticket():
    ticket, ann = TicketFactory(), AdminFactory()
    set_tags(ticket=ticket, names=["sdk", "audio"], actor=ann, at=minute(1))
    set_tags(ticket=ticket, names=["audio", "sdk"], actor=ann, at=minute(2))
    set_tags(ticket=ticket, names=["audio", "ios"], actor=ann, at=minute(3))
    assert names(ticket) == ["audio", "ios"]
    assert changes(ticket) == ["Tags: - → audio, sdk", "Tags: audio, sdk → audio, ios"]


def test_added_tags_leave_the_others_and_stop_at_the_most():
    ticket = TicketFactory()
    add_tags(ticket, ["sdk"], at=minute(1), is_new=True)
    add_tags(ticket, ["sdk", *map(str, range(MOST_TAGS + 5))], at=minute(2))
    assert len(names(ticket)) == MOST_TAGS
    assert "sdk" in names(ticket)


def test_adding_nothing_costs_nothing(django_assert_num_queries):
    ticket = TicketFactory()
    with django_assert_num_queries(0):
        add_tags(ticket, [], at=minute(1))


def test_a_merge_keeps_the_tags_of_both():
    contact = ContactFactory(customer=CustomerFactory(account_manager=AdminFactory()))
    first, second = opened(0, contact=contact), opened(1, contact=contact)
    add_tags(first, ["sdk"], at=minute(2))
    add_tags(second, ["sdk", "audio"], at=minute(2))
    merge(ticket=second, into=first, actor=AdminFactory(), at=minute(3))
    assert names(first) == ["audio", "sdk"]


def test_tickets_are_found_by_a_tag_as_anybody_writes_it():
    ticket = TicketFactory()
    TicketFactory()
    add_tags(ticket, ["black screen"], at=minute(1))
    assert list(tagged_tickets(" #Black  Screen ")) == [ticket.pk]
    assert not tagged_tickets("black").exists()


def test_a_rule_may_do_nothing_but_tag():
    rule = Rule(name="SDK", words="sdk", tags="SDK， 接入")
    rule.clean()
    assert rule.tags == "sdk, 接入"


def test_deleting_a_ticket_deletes_its_tags():
    ticket = TicketFactory()
    add_tags(ticket, ["sdk"], at=minute(1))
    ticket.timeline.all().delete()
    ticket.delete()
    assert not TicketTag.objects.exists()


def test_a_tag_with_a_zero_byte_finds_nothing_and_breaks_nothing():
    assert not tagged_tickets("a\0b").exists()
