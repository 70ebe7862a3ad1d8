"""What became of one try, as values without secrets."""

from collections.abc import Iterable
from dataclasses import dataclass

from escalation.choices import AttemptOutcome

LONGEST = 500
# Shorter parts of an address are words such as "im" or "v2", and would make holes into every answer.
LEAST_SECRET = 6


@dataclass(frozen=True)
class Answer:
    """``text`` is what the other side said, or why nothing was sent."""

    outcome: AttemptOutcome
    text: str = ""
    milliseconds: int | None = None

    @property
    def is_accepted(self) -> bool:
        return self.outcome == AttemptOutcome.ACCEPTED


def cleaned(text: str, secrets: Iterable[str]) -> str:
    """One short line in which the secrets are stars."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= LEAST_SECRET:
            text = text.replace(secret, "***")
    return " ".join(text.replace("\x00", "").split())[:LONGEST]
