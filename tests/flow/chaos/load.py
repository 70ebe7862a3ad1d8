"""A steady load of customers' mails by LMTP. What was not taken is sent again, as a mail server does."""

import random
import smtplib
import threading
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from uuid import uuid4

from tests.flow.world import ADDRESS

BURST_EVERY = 12  # mails
AGAIN = 0.5  # seconds until what was not taken is sent again
FAULTS = (OSError, smtplib.SMTPException)


@dataclass(frozen=True)
class Question:
    """A mail of a customer; a follow-up belongs to the ticket of another one."""

    key: str
    sender: str
    about: str = ""

    @property
    def message_id(self) -> str:
        return f"{self.key}@tempo.example"

    def raw(self) -> bytes:
        message = EmailMessage()
        message["From"], message["To"] = self.sender, ADDRESS
        message["Subject"] = f"Re: {self.about}" if self.about else self.key
        message["Message-ID"] = f"<{self.message_id}>"
        if self.about:
            message["In-Reply-To"] = f"<{self.about}@tempo.example>"
        message.set_content(f"Nobody hears anybody ({self.key}).")
        return message.as_bytes(policy=SMTP)


@dataclass
class Customers:
    """Writes until it is stopped, every so many seconds on average, and after each dozen a burst of mails.

    `taken` are the mails that the desk answered with 250.
    """

    port: int
    chance: random.Random
    every: float = 2.5
    burst: int = 15
    host: str = "127.0.0.1"
    taken: list[Question] = field(default_factory=list)
    tries: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        number = 0
        while not self.stopped.wait(self.chance.uniform(0, 2 * self.every)):
            number += 1
            size = self.burst if number % BURST_EVERY == 0 else 1
            for _each in range(size):
                self.send(self._next())

    def send(self, question: Question) -> None:
        """Until it is taken."""
        while True:
            self.tries += 1
            try:
                with smtplib.LMTP(self.host, self.port, timeout=20) as session:
                    session.sendmail(question.sender, [ADDRESS], question.raw())
            except FAULTS:
                time.sleep(AGAIN)
            else:
                self.taken.append(question)
                return

    def _next(self) -> Question:
        first = [question for question in self.taken if not question.about]
        if first and self.chance.random() < 0.1:
            about = self.chance.choice(first)
            return Question(f"more-{uuid4().hex[:12]}", about.sender, about.key)
        # So many that no sender opens more tickets in an hour than the desk takes of one, however long it runs.
        return Question(f"sound-{uuid4().hex[:12]}", f"ops{self.chance.randrange(400)}@tempo.example")
