"""Erases the personal data of a contact or a customer: what was promised and done can still be shown.

`begin_erasure` decides, empties the address book and writes the row. The rest is the task's: one ticket in each
transaction, so that it can be stopped anywhere, goes on from there and may run twice at once. Reasons: "Erasing a
person" in .github/decisions/personal_data.md.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from auditlog.context import disable_auditlog
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import Contact, ContactTokens, Customer
from customers.traces import Traces
from supportdesk.models import ErasedKind, Erasure, ErasureRequest
from supportdesk.personal_data.belongings import APART, belongings_of
from supportdesk.personal_data.nudge import nudge_erasing
from supportdesk.personal_data.removal import empty_rows
from supportdesk.personal_data.stages import STAGES
from supportdesk.personal_data.subjects import Subject, mark_of, traces_of
from tickets.errors import DeskError
from tickets.models import OutboundEmail
from tickets.models.outbound import WORK_LEFT

logger = logging.getLogger(__name__)
MAY_ERASE = "supportdesk.erase_people"


@transaction.atomic
def begin_erasure(
    *,
    subject: Subject,
    actor: User,
    at: datetime,
    requested_by: ErasureRequest,
    reason: str,
    though_open: bool = False,
) -> Erasure:
    """Empty the contact or customer, and write down that all else of theirs is to go; the task does that.

    Raises DeskError without the permission, if the reason is missing or names them, while a mail to them is on its
    way, while an erasure of theirs is under way, and while a ticket of theirs is open unless that is confirmed.
    """
    row = subject.model.objects.select_for_update(of=("self",)).filter(pk=subject.number).first()
    traces = traces_of(subject) if row is not None else Traces(subject.mark)
    reason = reason.strip()
    _refuse(subject, traces, actor=actor, reason=reason, is_there=row is not None)
    if subject.tickets.active().exists() and not though_open:
        raise DeskError(
            _("They have open tickets. Close them first, or confirm that their words may go now.")
        )
    if _is_mail_on_its_way(subject, traces):
        raise DeskError(_("An email to them or about them is still on its way. Try again once it is sent."))
    erasure = Erasure(
        kind=subject.kind,
        number=subject.number,
        requested_by=requested_by,
        reason=reason,
        actor=actor,
        at=at,
        though_open=though_open,
    )
    return start(erasure, subject, traces)


def start(erasure: Erasure, subject: Subject, traces: Traces) -> Erasure:
    """Write the row and empty the address book, in the caller's transaction."""
    erasure.traces, erasure.stage = traces.as_json(), next(iter(STAGES))
    erasure.save(force_insert=True)
    with disable_auditlog():
        erasure.counts = dict(_empty_address_book(subject, traces, erasure))
    erasure.save(update_fields=["counts"])
    nudge_erasing()
    return erasure


def _refuse(subject: Subject, traces: Traces, *, actor: User, reason: str, is_there: bool) -> None:
    if not actor.has_perm(MAY_ERASE):
        raise DeskError(_("You may not erase personal data."))
    if not is_there:
        raise DeskError(_("There is no such contact or customer."))
    if not reason:
        raise DeskError(_("Give a reason: what is erased cannot be brought back."))
    if traces.are_in(reason):
        raise DeskError(_("Write the reason without names, addresses and numbers: it is kept."))
    if Erasure.objects.filter(kind=subject.kind, number=subject.number, done_at=None).exists():
        raise DeskError(_("They are being erased already."))


def _is_mail_on_its_way(subject: Subject, traces: Traces) -> bool:
    waiting = OutboundEmail.objects.filter(state__in=WORK_LEFT)
    if waiting.filter(ticket__in=subject.tickets.order_by().values("pk")).exists():
        return True
    meant = traces.without_names()
    return any(
        meant.are_in(" ".join([mail.text, mail.subject, *mail.addressees]))
        for mail in waiting.only("text", "subject", "recipients", "copies").iterator(500)
    )


def _empty_address_book(subject: Subject, traces: Traces, erasure: Erasure) -> Counter[str]:
    """Everything of theirs that belongs to no ticket. The rows that tickets refer to stay, with a mark for a name."""
    contacts = list(subject.contacts)
    counts = empty_rows(belongings_of({subject.model: {subject.number}}, without=APART), traces, erasure)
    for contact in contacts:
        contact.name, contact.email, contact.phone = mark_of(ErasedKind.CONTACT, contact.pk), "", ""
        contact.is_active = False
    Contact.objects.bulk_update(contacts, ["name", "email", "phone", "is_active"], batch_size=200)
    ContactTokens.store(contacts)
    if subject.kind == ErasedKind.CUSTOMER:
        Customer.objects.filter(pk=subject.number).update(
            name=subject.mark, code=f"erased-{subject.number}", is_active=False
        )
    return counts


def erase_what_is_left(*, read_clock: Callable[[], datetime], may_go_on: Callable[[], bool]) -> str:
    """Go on with each erasure that is under way. Says how many are done, of how many."""
    left = list(Erasure.objects.filter(done_at=None).order_by("at").values_list("pk", flat=True))
    done = 0
    for erasure in left:
        try:
            done += carry_on(erasure, read_clock=read_clock, may_go_on=may_go_on)
        except DeskError as refusal:  # an answer that is on its way: the next run finds it sent
            logger.warning("Erasure %s waits: %s", erasure, refusal)
    return f"erased {done} of {len(left)}"


def carry_on(erasure: int, *, read_clock: Callable[[], datetime], may_go_on: Callable[[], bool]) -> bool:
    """Go on with an erasure (its key) for as long as ``may_go_on``. True once it is done."""
    while may_go_on():
        with transaction.atomic(), disable_auditlog():
            row = Erasure.objects.select_for_update(of=("self",)).select_related("actor").get(pk=erasure)
            if row.done_at is not None:
                return True
            _take_a_step(row, read_clock())
    return False


def _take_a_step(erasure: Erasure, at: datetime) -> None:
    """A batch of the present stage, or the change to the next. After the last one the traces are gone."""
    subject = Subject(ErasedKind(erasure.kind), erasure.number)
    step = STAGES[erasure.stage](subject, Traces.from_json(erasure.traces), erasure)
    erasure.counts = dict(Counter(erasure.counts) + step.counts)
    erasure.after = step.after
    if step.is_last:
        stages = [*STAGES, ""]
        erasure.stage, erasure.after = stages[stages.index(erasure.stage) + 1], ""
    if not erasure.stage:
        erasure.traces, erasure.done_at = {}, at
    erasure.save(update_fields=["counts", "after", "stage", "traces", "done_at"])
