"""Delivers one parcel and says what became of it. Never raises."""

from __future__ import annotations

import time

import requests

from escalation.choices import AttemptOutcome, Medium
from escalation.notifications.channels import apprise_services, outcomes, webhook
from escalation.notifications.channels.http import Exchange, exchange, reason_of
from escalation.notifications.channels.outcomes import AttemptReport, cleaned
from escalation.notifications.channels.payload import ChannelMessage

READING_LIMIT = 9.0  # seconds; a little below side_by_side.TIME_LIMIT


class Courier:
    """Runs in a thread of its own; `cancel` hangs up from another one."""

    def __init__(self, parcel: ChannelMessage) -> None:
        self.parcel = parcel
        self.started = time.monotonic()
        self.exchange = Exchange(deadline=self.started + READING_LIMIT)

    def cancel(self) -> None:
        self.exchange.cancel()

    def deliver(self) -> AttemptReport:
        self.started = time.monotonic()
        self.exchange.deadline = self.started + READING_LIMIT
        try:
            with exchange(self.exchange):
                accepted = self._send()
        except requests.RequestException as error:
            return self._problem(error)
        except (
            Exception
        ) as error:  # a sender's bug is an answer too, without its text, which may hold the address
            return self._answer(AttemptOutcome.REFUSED, outcomes.with_kind(outcomes.NOT_SENT, error))
        return self._judged(accepted=accepted)

    def _send(self) -> bool:
        if self.parcel.medium == Medium.WEBHOOK:
            return webhook.post(self.parcel)
        return apprise_services.notify(self.parcel)

    def _judged(self, *, accepted: bool) -> AttemptReport:
        if not accepted and self.exchange.problem is not None:
            return self._problem(self.exchange.problem)
        if not self.exchange.responses:
            return self._answer(AttemptOutcome.REFUSED, self._why_nothing())
        accepted = accepted and not apprise_services.says_no(self.parcel.address, self.exchange.responses)
        outcome = AttemptOutcome.ACCEPTED if accepted else AttemptOutcome.REFUSED
        return self._answer(outcome, self._said())

    def _why_nothing(self) -> str:
        """Apprise understands the address and asks for nothing, or the address is lost: the desk's key was changed."""
        is_understood = apprise_services.plugin_for(self.parcel.address) is not None
        return outcomes.NOTHING_SENT if is_understood else outcomes.UNREADABLE

    def _said(self) -> str:
        """The last answer, or of several the last that refused."""
        heard = self.exchange.responses
        response = next((one for one in reversed(heard) if one.status_code >= 300), heard[-1])
        text = response.content[:2000].decode("utf-8", "replace")
        secrets = [*apprise_services.secrets_of(self.parcel), *self.parcel.words.tokens]
        return f"{response.status_code} {cleaned(text, secrets)}".strip()

    def _problem(self, problem: requests.RequestException) -> AttemptReport:
        reason = reason_of(problem)
        outcome = AttemptOutcome.TIMED_OUT if reason == outcomes.LATE else AttemptOutcome.REFUSED
        return self._answer(outcome, reason)

    def _answer(self, outcome: AttemptOutcome, text: str) -> AttemptReport:
        took = round((time.monotonic() - self.started) * 1000)
        return AttemptReport(outcome, text, took)
