"""Delivers messages in parallel, each within a time limit, so that a slow service does not hold up the others."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

import requests

from escalation.choices import AttemptOutcome, Medium
from escalation.notifications.channels import apprise_services, outcomes, webhook
from escalation.notifications.channels.outcomes import LATE, AttemptReport, cleaned
from escalation.notifications.channels.payload import ChannelMessage
from tickets.protocols.http import Exchange, exchange

Key = TypeVar("Key")

AT_ONCE = 8
TIME_LIMIT = 10.0  # seconds
READING_LIMIT = 9.0  # a little below it, as the thread should end by itself


def send_all(
    messages: Mapping[Key, ChannelMessage],
    *,
    time_limit: float = TIME_LIMIT,
    at_once: int = AT_ONCE,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[Key, AttemptReport]]:
    """Send the messages and yield each report as it comes. One that takes longer is cut off and has timed out.

    Uses threads and not a pool, because a thread that hangs must not keep anything from ending, this process
    included.
    """
    reports: SimpleQueue[tuple[Key, AttemptReport]] = SimpleQueue()
    waiting = deque(messages.items())
    running: dict[Key, tuple[Courier, float]] = {}
    while waiting or running:
        while waiting and len(running) < at_once:
            key, message = waiting.popleft()
            running[key] = _start(key, message, reports), monotonic() + time_limit
        patience = min(until for _courier, until in running.values()) - monotonic()
        try:
            arrived = [reports.get(timeout=max(patience, 0.001))]
        except Empty:
            arrived = []
        now = monotonic()
        late = [key for key, (_courier, until) in running.items() if until <= now]
        for key in late:
            running[key][0].cancel()
        timed_out = AttemptReport(AttemptOutcome.TIMED_OUT, LATE, round(time_limit * 1000))
        for key, report in [*arrived, *((key, timed_out) for key in late)]:
            if running.pop(key, None) is not None:  # otherwise it was cut off before, and already reported
                yield key, report


def _start(key: Key, message: ChannelMessage, reports: SimpleQueue[tuple[Key, AttemptReport]]) -> Courier:
    courier = Courier(message)
    Thread(target=lambda: reports.put((key, courier.deliver())), name="courier", daemon=True).start()
    return courier


class Courier:
    """Delivers one message and reports what became of it; never raises.

    Runs in a thread of its own; `cancel` hangs up from another one.
    """

    def __init__(self, message: ChannelMessage) -> None:
        self.message = message
        self.started = time.monotonic()
        self.exchange = Exchange(deadline=self.started + READING_LIMIT)

    def cancel(self) -> None:
        self.exchange.cancel()

    def deliver(self) -> AttemptReport:
        self.started = time.monotonic()
        self.exchange.deadline = self.started + READING_LIMIT
        send = webhook.post if self.message.medium == Medium.WEBHOOK else apprise_services.notify
        try:
            with exchange(self.exchange):
                accepted = send(self.message)
        except requests.RequestException as error:
            return self._failed(error)
        except (
            Exception
        ) as error:  # a bug in a sender; logged without its text, which may contain the address
            return self._report(AttemptOutcome.REFUSED, outcomes.with_kind(outcomes.NOT_SENT, error))
        if not accepted and self.exchange.problem is not None:
            return self._failed(self.exchange.problem)
        if not self.exchange.responses:
            return self._report(AttemptOutcome.REFUSED, self._why_nothing_was_sent())
        if accepted and not apprise_services.says_no(self.message.address, self.exchange.responses):
            return self._report(AttemptOutcome.ACCEPTED, self._answer())
        return self._report(AttemptOutcome.REFUSED, self._answer())

    def _why_nothing_was_sent(self) -> str:
        """Either Apprise sent nothing although the address is valid, or a changed key made it unreadable."""
        is_understood = apprise_services.plugin_for(self.message.address) is not None
        return outcomes.NOTHING_SENT if is_understood else outcomes.UNREADABLE

    def _answer(self) -> str:
        """The text of the last response, or of the last refusal if there are several responses."""
        responses = self.exchange.responses
        refusals = (response for response in reversed(responses) if response.status_code >= 300)
        response = next(refusals, responses[-1])
        text = response.content[:2000].decode("utf-8", "replace")
        secrets = [*apprise_services.secrets_of(self.message), *self.message.words.tokens]
        return f"{response.status_code} {cleaned(text, secrets)}".strip()

    def _failed(self, problem: requests.RequestException) -> AttemptReport:
        reason = outcomes.http_reason_of(problem)
        outcome = AttemptOutcome.TIMED_OUT if reason == LATE else AttemptOutcome.REFUSED
        return self._report(outcome, reason)

    def _report(self, outcome: AttemptOutcome, text: str) -> AttemptReport:
        took = round((time.monotonic() - self.started) * 1000)
        return AttemptReport(outcome, text, took)
