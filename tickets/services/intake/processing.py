"""The second step of mail in: reads and classifies a stored mail and brings it to its ticket.

A mail that fails keeps its bytes and its error. If it was our fault, it is tried again by itself for about a day. A
fault of the database or the file storage leaves the mail as it was, for the task that runs every minute. Either way the
next mail goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from customers.names import name_of
from customers.work_ids import mail_work_id, working_on
from tickets.choices import IntakeState
from tickets.errors import DeskError
from tickets.lib.single_row import update_row
from tickets.mail.classify import MailKind
from tickets.mail.storable_text import storable
from tickets.mail.values import ParsedMail, UnreadableMail
from tickets.models import InboundEmail, Ticket
from tickets.search.mails import INBOUND, SETTLED, index_again
from tickets.services.intake.authentication import trusted_results
from tickets.services.intake.automatic_mail import receive_automatic_reply, receive_generated
from tickets.services.intake.copied_people import notes_on
from tickets.services.intake.delivery_reports import receive_report
from tickets.services.intake.erased_mail import erase_mails, erased_message_of
from tickets.services.intake.faults import is_passing, next_try
from tickets.services.intake.history import receive_history
from tickets.services.intake.human_mail import open_new, receive_list_mail, receive_person
from tickets.services.intake.incoming_mail import (
    IncomingMail,
    IntakeOutcome,
    ParsedWithFiles,
    files_of,
    parse_stored,
    read_mail,
)
from tickets.services.intake.sender_turns import wait_for_turn
from tickets.services.intake.senders import find_sender
from tickets.services.mailboxes import remember_mailboxes
from tickets.services.status_and_priority import raise_priority
from tickets.services.stored_files import stored

logger = logging.getLogger(__name__)

OUTCOME = (
    "state", "reason", "ticket", "message", "copy_of", "error", "attempts", "retry_at", "sender", "subject", "kind",
    "signs", "notes", "authentication",
)  # fmt: skip


class FilesFirst(Exception):
    """The mail has files, which are stored before anything is locked for it."""

    def __init__(self, mail: ParsedMail) -> None:
        super().__init__()
        self.mail = mail


class Overtaking(Exception):
    """The mail answers or copies others (their keys, oldest first) that are stored but not processed yet."""

    def __init__(self, ancestors: Sequence[int]) -> None:
        super().__init__(ancestors)
        self.ancestors = ancestors


def process(inbound: int, *, now: datetime) -> InboundEmail | None:
    """Bring a stored or failed mail (its key) to its ticket. None if it is done or another worker has it.

    Mails that it answers are processed first: after an outage both wait, and several workers begin at once. Raises a
    passing fault of database or storage; then the mail is as it was.
    """
    states = [IntakeState.STORED, IntakeState.FAILED]
    try:
        return _work_on(inbound, states, now=now, waits=True)
    except Overtaking as overtaking:
        for ancestor in overtaking.ancestors:
            _work_on(ancestor, [IntakeState.STORED], now=now)
        _wait_for(overtaking.ancestors)
        return _work_on(inbound, states, now=now)


@transaction.atomic
def _wait_for(mails: Sequence[int]) -> None:
    """Return once no other worker has one of them. We hold no other lock, so two workers cannot wait for each other."""
    list(InboundEmail.objects.select_for_update().filter(pk__in=mails).order_by("pk").values_list("pk"))


def process_again(*, inbound: InboundEmail, actor: User, at: datetime) -> InboundEmail:
    """Process a failed mail once more; the returned row says what became of it. Raises DeskError."""
    if inbound.state not in (IntakeState.FAILED, IntakeState.STORED):
        raise DeskError(_("This email has not failed, so there is nothing to process again."))
    logger.info("%s processes mail %s again", actor, inbound.pk)
    with _room_as_a_sentence():
        return process(inbound.pk, now=at) or InboundEmail.objects.get(pk=inbound.pk)


def release_parked(*, inbound: InboundEmail, actor: User, at: datetime) -> InboundEmail:
    """Make a ticket of a parked or dismissed mail; its receipt time stays. Raises DeskError."""
    held = [IntakeState.PARKED, IntakeState.DISMISSED]
    with _room_as_a_sentence():
        released = _work_on(inbound.pk, held, now=at, released_by=actor)
    if released is None:
        raise DeskError(_("This email is no longer held."))
    return released


@contextmanager
def _room_as_a_sentence() -> Iterator[None]:
    """Somebody waits for the outcome: say that the files cannot be written."""
    try:
        yield
    except OSError as error:
        words = {"error": error.strerror or error}
        raise DeskError(_("The files of the email cannot be stored now (%(error)s).") % words) from error


@transaction.atomic
def dismiss(*, inbound: InboundEmail, actor: User, at: datetime) -> InboundEmail:
    """Say that nothing is to be done about a parked or failed mail. Locks it. Raises DeskError."""
    held = InboundEmail.objects.select_for_update().filter(
        pk=inbound.pk, state__in=[IntakeState.PARKED, IntakeState.FAILED]
    )
    row = held.defer("raw").first()
    if row is None:
        raise DeskError(_("This email is no longer held."))
    logger.info("%s dismisses mail %s at %s", actor, row.pk, at)
    words = {"name": name_of(actor), "reason": row.reason}
    row.state = IntakeState.DISMISSED
    row.reason, row.retry_at = (_("Dismissed by %(name)s. %(reason)s") % words).strip()[:300], None
    row.save(update_fields=["state", "reason", "retry_at"])
    return row


def _work_on(
    inbound: int,
    states: Sequence[IntakeState],
    *,
    now: datetime,
    released_by: User | None = None,
    waits: bool = False,
) -> InboundEmail | None:
    """Process a mail in one of the states, or record its error. None if there is none or another worker has it.

    With ``waits``, raises Overtaking if mails that this one answers or copies are not processed yet.
    """
    with working_on(mail_work_id(inbound)):
        return _try_to_work_on(inbound, states, now=now, released_by=released_by, waits=waits)


def _try_to_work_on(
    inbound: int, states: Sequence[IntakeState], *, now: datetime, released_by: User | None, waits: bool
) -> InboundEmail | None:
    work = partial(_work_once, inbound, states, now=now, released_by=released_by, waits=waits)
    try:
        try:
            return work()
        except FilesFirst as first:
            with stored(files_of(first.mail), at=now) as files:
                return work(parsed=ParsedWithFiles(first.mail, files))
    except Overtaking:
        raise
    except Exception as error:  # whatever this mail broke, keep it with its error and let the next one go on
        if is_passing(error):
            raise  # the mail is not to blame and stays as it was
        return _record_error(inbound, states, error, now=now)


@transaction.atomic
def _work_once(
    inbound: int,
    states: Sequence[IntakeState],
    *,
    now: datetime,
    released_by: User | None,
    waits: bool,
    parsed: ParsedWithFiles | None = None,
) -> InboundEmail | None:
    wait_for_turn(inbound)
    free = InboundEmail.objects.select_for_update(skip_locked=True)
    row = free.filter(pk=inbound, state__in=states).first()
    if row is not None:
        bring_to_ticket(row, now=now, released_by=released_by, waits=waits, parsed=parsed)
    return row


def bring_to_ticket(
    row: InboundEmail,
    *,
    now: datetime,
    released_by: User | None = None,
    waits: bool = False,
    parsed: ParsedWithFiles | None = None,
) -> None:
    """Read a stored mail, do what it asks for and record that on its row, whose lock it needs.

    Raises UnreadableMail, DeskError, FilesFirst for a mail with files that is not ``parsed`` yet, and, if it ``waits``
    for mails that it answers or copies, Overtaking. Nothing is locked by then but the row.
    """
    if parsed is None:
        mail = parse_stored(row)
        if has_files(row, mail, is_released=released_by is not None):
            raise FilesFirst(mail)
        parsed = ParsedWithFiles(mail, ())
    with remember_mailboxes() as mailboxes:
        incoming = read_mail(row, mailboxes, now=now, is_released=released_by is not None, parsed=parsed)
        if waits:
            _refuse_overtaking(incoming)
        outcome = _handle(incoming, released_by)
    _record_outcome(incoming, outcome)


def has_files(row: InboundEmail, mail: ParsedMail, *, is_released: bool = False) -> bool:
    """True if the mail's files must be stored before anything is locked. Those of a copy are not needed."""
    return bool(mail.attachments) and (row.copy_of_id is None or is_released)


def _refuse_overtaking(incoming: IncomingMail) -> None:
    ids, first = {*incoming.mail.in_reply_to, *incoming.mail.references}, incoming.row.copy_of_id
    if not ids and first is None:
        return
    earlier = Q(pk=first) if first is not None else Q(rfc_message_id__in=ids)
    stored = InboundEmail.objects.filter(earlier, state=IntakeState.STORED).exclude(pk=incoming.row.pk)
    ancestors = list(stored.order_by("pk").values_list("pk", flat=True))
    if ancestors:
        raise Overtaking(ancestors)


def _handle(incoming: IncomingMail, released_by: User | None) -> IntakeOutcome:
    """Do what the kind of the mail asks for. A person who releases a mail has decided that it opens a ticket."""
    if released_by is not None:
        outcome = open_new(
            incoming, find_sender(incoming.author.email, at=incoming.received_at, now=incoming.now)
        )
        words = {"name": name_of(released_by), "reason": incoming.row.reason}
        return replace(outcome, reason=_("Turned into a ticket by %(name)s. %(reason)s") % words)
    if incoming.row.copy_of is not None:
        reason = _("A copy of an email that came before.")
        return IntakeOutcome(IntakeState.PROCESSED, reason, incoming.row.copy_of.ticket)
    if (first_copy := _first_copy(incoming)) is not None:
        return first_copy
    if incoming.row.is_history:
        return receive_history(incoming)
    return _handle_by_kind(incoming)


def _handle_by_kind(incoming: IncomingMail) -> IntakeOutcome:
    match incoming.classification.kind:
        case MailKind.PERSON:
            return receive_person(incoming)
        case MailKind.AUTO_GENERATED:
            return receive_generated(incoming)
        case MailKind.LIST:
            return receive_list_mail(incoming)
        case MailKind.AUTO_REPLY | MailKind.CALENDAR:
            return receive_automatic_reply(incoming)
        case MailKind.LOOP:
            return IntakeOutcome(IntakeState.PARKED, _("One of our own emails came back."))
        case MailKind.BOUNCE | MailKind.DELAY | MailKind.RECEIPT | MailKind.COMPLAINT:
            return receive_report(incoming)


def _first_copy(incoming: IncomingMail) -> IntakeOutcome | None:
    """Join the ticket of a copy of this mail to another mailbox of ours; None if no copy was processed yet.

    The first copy's row is the lock for all of them, so that two workers cannot open a ticket each.
    """
    row = incoming.row
    if len(incoming.mailboxes.rows) < 2:
        return None
    copies = InboundEmail.objects.filter(fingerprint=row.fingerprint)
    if row.rfc_message_id:
        copies = copies.filter(rfc_message_id=row.rfc_message_id)
    others = copies.exclude(pk=row.pk)
    if not row.is_history:  # what is imported into another mailbox takes no promise away
        others = others.filter(is_history=False)
    if not others.exists():
        return None
    copies.select_for_update().only("pk").order_by("pk").first()
    done = others.exclude(ticket=None).select_related("ticket", "message").defer("raw").first()
    if done is None or done.ticket is None:
        return None
    row.copy_of = done
    is_first = done.message is not None and done.message.at == done.ticket.opened_at
    if is_first and not row.is_history:
        _follow_the_strictest_mailbox(incoming, done.ticket)
    return IntakeOutcome(IntakeState.PROCESSED, _("A copy of an email to another mailbox."), done.ticket)


def _follow_the_strictest_mailbox(incoming: IncomingMail, ticket: Ticket) -> None:
    """Raise the ticket's priority, as of this copy's receipt, if this mailbox promises more than the first copy's."""
    raise_priority(
        ticket=ticket,
        priority=incoming.mailbox.default_priority,
        at=max(incoming.received_at, ticket.opened_at),
        reason=_("The email went to %(mailbox)s too.") % {"mailbox": incoming.mailbox.address},
    )


def _record_outcome(incoming: IncomingMail, outcome: IntakeOutcome) -> None:
    row = incoming.row
    row.sender = incoming.author.email[:320]
    row.subject = incoming.mail.subject[:500]
    row.state = outcome.state
    row.reason = outcome.reason[:300]
    row.kind = incoming.classification.kind
    row.signs = list(incoming.classification.signs)
    row.notes = list(map(str, notes_on(incoming)))
    row.authentication = trusted_results(incoming.mail, incoming.mailbox).summary[:100]
    row.ticket, row.message = outcome.ticket, outcome.message
    row.error, row.retry_at = "", None
    row.attempts += 1
    update_row(row, OUTCOME)
    logger.info("Mail %s is %s: ticket %s, message %s", row.pk, row.state, row.ticket_id, row.message_id)
    if row.stored_at <= incoming.now - SETTLED:
        index_again(INBOUND, [row.pk])  # it was indexed before anybody knew its sender and subject
    if row.copy_of_id is not None and erased_message_of(row) is not None:
        erase_mails([row.pk])


def _record_error(
    inbound: int, states: Sequence[IntakeState], error: Exception, *, now: datetime
) -> InboundEmail | None:
    """Keep the mail with its error, and when it is tried again. A parked mail that cannot be released stays parked."""
    row = InboundEmail.objects.filter(pk=inbound, state__in=states).first()
    if row is None:
        return InboundEmail.objects.filter(pk=inbound).first()
    is_parked = IntakeState.PARKED in states
    row.attempts += 1
    row.error = storable(_error_in_words(error))
    if not is_parked:
        row.state = IntakeState.FAILED
        row.retry_at = next_try(error, tries=row.attempts, at=now)
    _log_failure(row, error)
    changed = {name: getattr(row, name) for name in ("attempts", "error", "state", "retry_at")}
    InboundEmail.objects.filter(pk=inbound, state__in=states).update(**changed)
    return InboundEmail.objects.filter(pk=inbound).first()


def _error_in_words(error: Exception) -> str:
    is_sentence = isinstance(error, DeskError | UnreadableMail)
    return str(error) if is_sentence else f"{type(error).__name__}: {error}"


def _log_failure(row: InboundEmail, error: Exception) -> None:
    """The traceback once, when the mail first fails and when it is given up: a mail may fail thirty times."""
    if isinstance(error, UnreadableMail):
        logger.warning("Mail %s cannot be read: %s", row.pk, error)
    elif row.attempts > 1 and row.retry_at is not None:
        logger.warning("Mail %s failed again, try %s: %s", row.pk, row.attempts, row.error)
    else:
        logger.error("Mail %s could not be processed", row.pk, exc_info=error)
