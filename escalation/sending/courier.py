"""Delivers one parcel and says what became of it. Never raises."""

from __future__ import annotations

import time

import requests

from escalation.choices import AttemptOutcome, Medium
from escalation.sending import gateways, webhook
from escalation.sending.answers import Answer, cleaned
from escalation.sending.http import Exchange, PrivateTarget, exchange
from escalation.sending.parcel import Parcel

READING_LIMIT = 9.0  # seconds; a little below side_by_side.TIME_LIMIT


class Courier:
    """Runs in a thread of its own; `cancel` hangs up from another one."""

    def __init__(self, parcel: Parcel) -> None:
        self.parcel = parcel
        self.started = time.monotonic()
        self.exchange = Exchange(deadline=self.started + READING_LIMIT)

    def cancel(self) -> None:
        self.exchange.cancel()

    def deliver(self) -> Answer:
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
            return self._answer(AttemptOutcome.REFUSED, f"it could not be sent ({type(error).__name__})")
        return self._judged(accepted=accepted)

    def _send(self) -> bool:
        if self.parcel.medium == Medium.WEBHOOK:
            return webhook.post(self.parcel)
        return gateways.notify(self.parcel)

    def _judged(self, *, accepted: bool) -> Answer:
        if not accepted and self.exchange.problem is not None:
            return self._problem(self.exchange.problem)
        if accepted and self.parcel.medium != Medium.WEBHOOK:
            accepted = not gateways.says_no(self.parcel.address, self.exchange.responses)
        outcome = AttemptOutcome.ACCEPTED if accepted else AttemptOutcome.REFUSED
        return self._answer(outcome, self._said())

    def _said(self) -> str:
        if not self.exchange.responses:
            return ""
        response = self.exchange.responses[-1]
        return f"{response.status_code} {response.content[:2000].decode('utf-8', 'replace')}"

    def _problem(self, problem: requests.RequestException) -> Answer:
        cause = innermost(problem)
        if isinstance(problem, requests.Timeout) or isinstance(cause, TimeoutError):
            return self._answer(AttemptOutcome.TIMED_OUT, "no answer in time")
        return self._answer(AttemptOutcome.REFUSED, reason_of(cause))

    def _answer(self, outcome: AttemptOutcome, text: str) -> Answer:
        took = round((time.monotonic() - self.started) * 1000)
        secrets = [*gateways.secrets_of(self.parcel), *self.parcel.words.tokens]
        return Answer(outcome, cleaned(text, secrets), took)


def innermost(problem: BaseException) -> BaseException:
    """The first cause: requests wraps it several times, with the whole address in its text."""
    seen = {id(problem)}
    while (cause := problem.__cause__ or problem.__context__) is not None and id(cause) not in seen:
        seen.add(id(cause))
        problem = cause
    return problem


def reason_of(cause: BaseException) -> str:
    """In words that hold no address."""
    if isinstance(cause, PrivateTarget):
        return str(cause)
    if isinstance(cause, OSError) and cause.strerror:
        return str(cause.strerror)
    return f"no connection ({type(cause).__name__})"
