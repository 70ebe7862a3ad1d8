"""What the outcomes of its recipients make of a mail, and whether the answer in it still counts.

An answer arrived if it reached the person it is addressed to. People in Cc make up for that only if nobody reads the
addresses in To: .github/decisions/outgoing.md.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from tickets.choices import OutboxState, RecipientState
from tickets.errors import DeskError
from tickets.mail.machine_signs import takes_no_answers
from tickets.models import Message, OutboundEmail
from tickets.models.outbound import RecipientOutcome
from tickets.services.failed_responses import fail_response

logger = logging.getLogger(__name__)


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


@transaction.atomic
def believe_report(*, message: Message, actor: User, at: datetime) -> None:
    """Believe unproven reports of a bounce, which may take the answer back. Raises DeskError if there are none."""
    mail = _reported_mail(message)
    for outcome in _reported(mail):
        mail.keep_outcome(replace(outcome, state=RecipientState.BOUNCED))
    settle(mail, at=at, actor=actor)


@transaction.atomic
def dismiss_report(*, message: Message, actor: User, at: datetime) -> None:
    """Say that unproven reports of a bounce are wrong. Raises DeskError if there are none."""
    mail = _reported_mail(message)
    for outcome in _reported(mail):
        mail.keep_outcome(replace(outcome, state=RecipientState.ACCEPTED))
    logger.info("%s does not believe the bounce of mail %s at %s", actor, mail.pk, at)
    settle(mail, at=at, actor=actor)


def _reported_mail(message: Message) -> OutboundEmail:
    mail = OutboundEmail.objects.select_for_update().filter(message=message).first()
    if mail is None or not mail.has_reported:
        raise DeskError(_("There is nothing left to decide: somebody has already decided."))
    return mail


def _reported(mail: OutboundEmail) -> list[RecipientOutcome]:
    return [each for each in mail.recipient_outcomes if each.state == RecipientState.REPORTED]


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
