"""What the outcomes of its recipients make of a mail, and whether the answer in it still counts.

An answer arrived if it reached the person it is addressed to. People in Cc make up for that only if nobody reads the
addresses in To: .github/decisions/outgoing.md.
"""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User

from tickets.choices import OutboxState, RecipientState
from tickets.mail.machine_signs import takes_no_answers
from tickets.models import OutboundEmail
from tickets.models.outbound import RecipientOutcome
from tickets.services.failed_responses import fail_response


def settle(mail: OutboundEmail, *, at: datetime, actor: User | None = None) -> None:
    """Bring the mail in line with its recipients, save it, and take back an answer that did not arrive.

    The caller has locked the row. A row that somebody sends at this moment keeps its state.
    """
    outcomes = mail.recipient_outcomes
    is_lost = _is_lost(mail)
    mail.answer = _words(outcomes)
    if not any(outcome.is_to_send for outcome in outcomes):
        mail.state = _lost_state(outcomes) if is_lost else OutboxState.ACCEPTED
        mail.accepted_at = mail.accepted_at if is_lost else mail.accepted_at or at
        mail.leased_until = None
    mail.save(update_fields=["state", "answer", "outcomes", "accepted_at", "leased_until", "next_try_at"])
    if is_lost and mail.message is not None:
        unreached = [outcome for outcome in outcomes if outcome.is_unreached]
        fail_response(message=mail.message, at=at, answer=_words(unreached), actor=actor)


def _is_lost(mail: OutboundEmail) -> bool:
    """True if it will reach none of those whom an answer must reach."""
    return all(outcome.is_unreached for outcome in map(mail.outcome_of, _decisive(mail)))


def _decisive(mail: OutboundEmail) -> list[str]:
    """Those in To whose address somebody reads; if there are none, those in Cc."""
    readers = [address for address in mail.recipients if not takes_no_answers(address)]
    return readers or mail.copies or mail.recipients


def _lost_state(outcomes: Sequence[RecipientOutcome]) -> OutboxState:
    is_bounced = any(outcome.state == RecipientState.BOUNCED for outcome in outcomes)
    return OutboxState.BOUNCED if is_bounced else OutboxState.FAILED


def _words(outcomes: Sequence[RecipientOutcome]) -> str:
    """What the servers said; with several recipients each line names its own."""
    if len(outcomes) == 1:
        return outcomes[0].answer
    said = (outcome for outcome in outcomes if outcome.answer)
    return "\n".join(f"<{outcome.address}>: {outcome.answer}" for outcome in said)
