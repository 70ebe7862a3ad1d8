"""Publish and subscribe: exactly the type, in order, each handler once."""

from dataclasses import FrozenInstanceError, dataclass

import pytest

from tests.factories import NOW
from tickets.events import TicketEvent, TicketOpened, publish, subscribe


@dataclass(frozen=True)
class Knocked(TicketEvent):
    pass


@dataclass(frozen=True)
class KnockedTwice(Knocked):
    pass


def event(kind: type[TicketEvent]) -> TicketEvent:
    return kind(ticket=None, at=NOW, actor=None)


@pytest.fixture
def heard(monkeypatch):
    monkeypatch.setattr("tickets.events._handlers", {Knocked: [], KnockedTwice: []})
    return []


def test_handlers_run_in_the_order_of_their_subscription(heard):
    subscribe(Knocked, lambda event: heard.append("first"))
    subscribe(Knocked, lambda event: heard.append("second"))
    publish(event(Knocked))
    assert heard == ["first", "second"]


def test_the_same_handler_subscribed_again_is_called_once(heard):
    for _twice in range(2):
        subscribe(Knocked, heard.append)
    publish(event(Knocked))
    assert len(heard) == 1


def test_only_events_of_exactly_this_type_are_heard(heard):
    subscribe(Knocked, heard.append)
    publish(event(KnockedTwice))
    assert heard == []


def test_a_handler_that_fails_stops_the_publisher(heard):
    def fail(event):
        raise RuntimeError

    subscribe(Knocked, fail)
    subscribe(Knocked, heard.append)
    with pytest.raises(RuntimeError):
        publish(event(Knocked))
    assert heard == []


def test_facts_cannot_be_changed():
    fact = event(TicketOpened)
    with pytest.raises(FrozenInstanceError):
        fact.at = None
