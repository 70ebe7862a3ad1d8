"""Somebody who answers tickets over HTTP as the browser does, and sends the same form again when no answer came."""

import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Protocol
from uuid import uuid4

from tests.flow.world import PASSWORD

AGAIN = 0.5  # seconds until the same is sent again
MOST_TRIES = 400
TIME_OUT = 20
FAULTS = (OSError, HTTPException)
FIELD = re.compile(r'name="(csrfmiddlewaretoken|seen)" value="([^"]+)"')


@dataclass(frozen=True)
class Reply:
    """What the server said: a status (0 when nothing came), where it sends us, the page."""

    status: int = 0
    location: str = ""
    text: str = ""


class Site(Protocol):
    @property
    def url(self) -> str: ...


class StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object, **_more: object) -> None:
        """A redirection is an answer like any other."""


@dataclass(frozen=True)
class Answer:
    """An answer whose form was sent until the desk took it."""

    ticket: int
    body: str
    tries: int


@dataclass
class Colleague:
    """``pick`` says which ticket is next. One form at a time; answers that the desk held back are not in `taken`."""

    desk: Site
    pick: Callable[[], int | None]
    name: str = "dora"
    every: float = 4.0
    taken: list[Answer] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    busy: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self.browser = urllib.request.build_opener(cookies, StayHere)

    def work(self) -> None:
        while not self.stopped.wait(self.every):
            self.answer_next()

    def answer_next(self, *, sending: Callable[[], None] = lambda: None) -> bool:
        """Answer what is picked; ``sending`` is called as the form goes out for the first time."""
        with self.busy:
            ticket = self.pick()
            if ticket is not None:
                self._answer(ticket, sending)
            return ticket is not None

    def _answer(self, ticket: int, sending: Callable[[], None]) -> None:
        form = self._form(ticket)
        sending()
        for number in range(1, MOST_TRIES):
            reply = self._ask(f"tickets/ticket/{ticket}/act/reply/", form)
            if reply.status == 302 and "sent=reply" in reply.location:
                self.taken.append(Answer(ticket, form["body"], number))
                return
            if reply.status == 200:  # held: the customer wrote meanwhile
                self.held.append(form["body"])
                return
            time.sleep(AGAIN)
        raise AssertionError(f"The answer to ticket {ticket} was never taken: {reply}")

    def _form(self, ticket: int) -> dict[str, str]:
        """The form of the ticket's page, filled in."""
        fields = dict(FIELD.findall(self._page(f"tickets/ticket/{ticket}/change/")))
        return {
            **fields,
            "token": str(uuid4()),
            "body": f"Please update ({uuid4().hex}).",
            "copies": "",
            "then": "",
        }

    def _page(self, path: str) -> str:
        """Asked for until it comes; logs in where that is wanted."""
        for _try in range(MOST_TRIES):
            reply = self._ask(path)
            if reply.status == 200:
                return reply.text
            if "/login/" in reply.location:
                self._log_in()
            else:
                time.sleep(AGAIN)
        raise AssertionError(f"{path} was never shown: {reply}")

    def _log_in(self) -> None:
        fields = dict(FIELD.findall(self._ask("login/").text))
        self._ask("login/", {**fields, "username": self.name, "password": PASSWORD, "next": "/"})

    def _ask(self, path: str, form: dict[str, str] | None = None) -> Reply:
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            with self.browser.open(self.desk.url + path, data, timeout=TIME_OUT) as answer:
                return Reply(answer.status, "", answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers.get("Location") or "")
        except FAULTS:
            return Reply()
