"""The actions of the ticket page: each turns a valid form into one service call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.lock_waits import short_lock_waits
from escalation.absences.returning import keep, take_back
from escalation.choices import AcknowledgedBy
from escalation.clocks.lead_decisions import relax
from escalation.enforcement.acknowledge import acknowledge, escalate_now, take_over
from escalation.enforcement.receipt_mail import acknowledge_by_hand
from escalation.enforcement.waivers import confirm_waiver, refuse_waiver, waive_promise
from escalation.models import AbsenceMove, Clock
from supportdesk.pages.faults import faults_as_sentences
from supportdesk.pages.ticket.forms import (
    AbsenceMoveForm,
    ContactForm,
    DecisionForm,
    EraseForm,
    EscalateForm,
    MergeForm,
    MessageForm,
    NamingForm,
    NoteForm,
    OwnerForm,
    PriorityForm,
    ReplyForm,
    StatusForm,
    TagsForm,
    VoidForm,
    WaiverForm,
    new_files,
)
from supportdesk.pages.ticket.newer import hold_for_newer
from tickets.access import visible_tickets
from tickets.admin.once_form import OnceForm
from tickets.choices import Status
from tickets.errors import DeskError
from tickets.message_content import KeptFile
from tickets.models import Message, Ticket
from tickets.services.conversation import add_note, log_contact, reply_on
from tickets.services.erasing import MAY_ERASE, erase_words
from tickets.services.failed_responses import void_response
from tickets.services.late_words import accept_sender, mark_as_person
from tickets.services.locking import lock_ticket_with_people
from tickets.services.mail_marks import mark_as_automatic
from tickets.services.merging import merge
from tickets.services.naming_customers import name_customer
from tickets.services.outgoing.outcomes import believe_report, dismiss_report
from tickets.services.ownership import assign
from tickets.services.proposals import confirm_proposal, reject_proposal
from tickets.services.status_and_priority import change_priority, set_status
from tickets.services.stored_files import stored
from tickets.services.submissions import claim_submission
from tickets.services.tags import set_tags


@dataclass(frozen=True)
class ActionContext:
    """The ticket, the person acting, the time (UTC), the cleaned data of the form, and its files in the storage."""

    ticket: Ticket
    actor: User
    at: datetime
    data: Mapping[str, Any]
    files: Sequence[KeptFile] = ()

    @property
    def then(self) -> Status | None:
        return Status(self.data["then"]) if self.data.get("then") else None


@dataclass(frozen=True)
class PageAction:
    form: type[forms.Form]
    perform: Callable[[ActionContext], object]
    done: str | Promise
    permission: str = "tickets.change_ticket"


def act_once(act: PageAction, acting: ActionContext) -> None:
    """Perform the act unless its token was used before. All or nothing; raises DeskError.

    A page restored by the browser carries a used token: a different text sent with it is refused, not
    silently dropped.
    """
    uploads = new_files(acting.data.get("uploads", ()))
    with (
        faults_as_sentences(),
        stored(uploads, at=acting.at) as files,
        short_lock_waits(),
        transaction.atomic(),
    ):
        if claim_submission(acting.data["token"], actor=acting.actor, at=acting.at):
            act.perform(replace(acting, files=files))
        elif not _was_said(acting):
            raise DeskError(
                _("This page was already submitted. Reload it and send again; your text is kept.")
            )


def _was_said(acting: ActionContext) -> bool:
    body = acting.data.get("body")
    return body is None or acting.ticket.messages.filter(author=acting.actor, body=body.strip()).exists()


def _reply(acting: ActionContext) -> None:
    ticket = lock_ticket_with_people(acting.ticket)
    references = hold_for_newer(ticket, seen=acting.data["seen"], actor=acting.actor)
    reply_on(
        ticket,
        actor=acting.actor,
        at=acting.at,
        body=acting.data["body"],
        files=acting.files,
        then=acting.then,
        copies=acting.data["copies"],
        references=references,
    )


def _note(acting: ActionContext) -> None:
    add_note(
        ticket=acting.ticket,
        actor=acting.actor,
        at=acting.at,
        body=acting.data["body"],
        files=acting.files,
    )


def _contact(acting: ActionContext) -> None:
    log_contact(
        ticket=acting.ticket,
        actor=acting.actor,
        at=acting.at,
        happened_at=acting.data["happened_at"],
        channel=acting.data["channel"],
        reached=acting.data["reached"],
        body=acting.data["body"],
        then=acting.then,
    )


def _void(acting: ActionContext) -> None:
    message = _message_of(acting)
    void_response(message=message, actor=acting.actor, at=acting.at, reason=acting.data["reason"])


def _erase(acting: ActionContext) -> None:
    erase_words(message=_message_of(acting), actor=acting.actor, at=acting.at, reason=acting.data["reason"])


def _mark_as_person(acting: ActionContext) -> None:
    mark_as_person(message=_message_of(acting), actor=acting.actor, at=acting.at)


def _mark_as_automatic(acting: ActionContext) -> None:
    mark_as_automatic(message=_message_of(acting), actor=acting.actor, at=acting.at)


def _message_of(acting: ActionContext) -> Message:
    message = acting.ticket.messages.filter(pk=acting.data["message"]).first()
    if message is None:
        raise DeskError(_("This message is not part of the ticket."))
    return message


def _accept_sender(acting: ActionContext) -> None:
    accept_sender(message=_message_of(acting), actor=acting.actor, at=acting.at)


def _believe_report(acting: ActionContext) -> None:
    believe_report(message=_message_of(acting), actor=acting.actor, at=acting.at)


def _dismiss_report(acting: ActionContext) -> None:
    dismiss_report(message=_message_of(acting), actor=acting.actor, at=acting.at)


def _send_receipt(acting: ActionContext) -> None:
    acknowledge_by_hand(ticket=acting.ticket, actor=acting.actor, at=acting.at)


def _waive(acting: ActionContext) -> None:
    waive_promise(clock=_clock_of(acting), actor=acting.actor, at=acting.at, reason=acting.data["reason"])


def _waived_or_proposed() -> str:
    if settings.WAIVERS_NEED_TWO:
        return _("The waiver is proposed. It counts when a second lead has confirmed it.")
    return _("The SLA is waived.")


def _confirm_waiver(acting: ActionContext) -> None:
    confirm_waiver(clock=_clock_of(acting), actor=acting.actor, at=acting.at)


def _refuse_waiver(acting: ActionContext) -> None:
    refuse_waiver(clock=_clock_of(acting), actor=acting.actor, at=acting.at)


def _relax(acting: ActionContext) -> None:
    relax(clock=_clock_of(acting), actor=acting.actor, at=acting.at, reason=acting.data["reason"])


def _clock_of(acting: ActionContext) -> Clock:
    clock = acting.ticket.clocks.filter(pk=acting.data["clock"]).first()
    if clock is None:
        raise DeskError(_("This SLA is not part of the ticket."))
    return clock


def _status(acting: ActionContext) -> None:
    data = acting.data
    set_status(
        ticket=acting.ticket, status=data["status"], actor=acting.actor, at=acting.at, reason=data["reason"]
    )


def _priority(acting: ActionContext) -> None:
    data = acting.data
    change_priority(
        ticket=acting.ticket,
        priority=data["priority"],
        actor=acting.actor,
        at=acting.at,
        reason=data["reason"],
    )


def _confirm(acting: ActionContext) -> None:
    confirm_proposal(ticket=acting.ticket, actor=acting.actor, at=acting.at)


def _reject(acting: ActionContext) -> None:
    reject_proposal(ticket=acting.ticket, actor=acting.actor, at=acting.at)


def _owner(acting: ActionContext) -> None:
    data = acting.data
    assign(ticket=acting.ticket, to=data["owner"], actor=acting.actor, at=acting.at, reason=data["reason"])


def _tags(acting: ActionContext) -> None:
    set_tags(ticket=acting.ticket, names=acting.data["tags"], actor=acting.actor, at=acting.at)


def _acknowledge(acting: ActionContext) -> None:
    acknowledge(ticket=acting.ticket, actor=acting.actor, at=acting.at, by=AcknowledgedBy.PAGE)


def _take_over(acting: ActionContext) -> None:
    take_over(ticket=acting.ticket, actor=acting.actor, at=acting.at)


def _escalate(acting: ActionContext) -> None:
    escalate_now(ticket=acting.ticket, actor=acting.actor, at=acting.at, reason=acting.data["reason"])


def _take_back(acting: ActionContext) -> None:
    take_back(move=_move_of(acting), actor=acting.actor, at=acting.at)


def _keep(acting: ActionContext) -> None:
    keep(move=_move_of(acting), actor=acting.actor, at=acting.at)


def _move_of(acting: ActionContext) -> AbsenceMove:
    move = AbsenceMove.objects.filter(ticket=acting.ticket, pk=acting.data["move"]).first()
    if move is None:
        raise DeskError(
            _("There is nothing left to decide: the ticket is done, or somebody has already decided.")
        )
    return move


def _name_customer(acting: ActionContext) -> None:
    if acting.ticket.customer is not None:
        raise DeskError(_("This ticket has a customer already."))
    if acting.ticket.contact is None:
        raise DeskError(_("The ticket has no contact: nobody knows who wrote."))
    name_customer(
        contact=acting.ticket.contact,
        customer=acting.data["customer"],
        actor=acting.actor,
        at=acting.at,
        whole_domain=acting.data["whole_domain"],
    )


def _merge(acting: ActionContext) -> None:
    """Merge into a ticket the actor may see; any other number is treated as unknown."""
    into = visible_tickets(acting.actor).filter(pk=acting.data["into"]).first()
    if into is None:
        raise DeskError(_("There is no ticket with this number."))
    merge(ticket=acting.ticket, into=into, actor=acting.actor, at=acting.at, reason=acting.data["reason"])


ACTS: Mapping[str, PageAction] = {
    "reply": PageAction(ReplyForm, _reply, gettext_lazy("Your reply is being sent.")),
    "note": PageAction(NoteForm, _note, gettext_lazy("The note is saved.")),
    "contact": PageAction(ContactForm, _contact, gettext_lazy("The call or chat is logged.")),
    "void": PageAction(VoidForm, _void, gettext_lazy("The reply is voided; its SLA is running again.")),
    "erase": PageAction(
        EraseForm, _erase, gettext_lazy("The words of the message are erased."), permission=MAY_ERASE
    ),
    "by_person": PageAction(
        MessageForm, _mark_as_person, gettext_lazy("The message counts from its receipt.")
    ),
    "by_machine": PageAction(
        MessageForm, _mark_as_automatic, gettext_lazy("The message is kept as automatic; its SLA has ended.")
    ),
    "accept": PageAction(
        MessageForm,
        _accept_sender,
        gettext_lazy("The sender takes part. The message counts from its receipt."),
    ),
    "bounced": PageAction(
        MessageForm, _believe_report, gettext_lazy("The bounce is recorded for its recipient.")
    ),
    "not_bounced": PageAction(
        MessageForm, _dismiss_report, gettext_lazy("The report of a bounce is dismissed.")
    ),
    "send_receipt": PageAction(OnceForm, _send_receipt, gettext_lazy("The acknowledgement is being sent.")),
    "waive": PageAction(
        DecisionForm,
        _waive,
        lazy(_waived_or_proposed, str)(),
    ),
    "confirm_waiver": PageAction(WaiverForm, _confirm_waiver, gettext_lazy("The SLA is waived.")),
    "refuse_waiver": PageAction(WaiverForm, _refuse_waiver, gettext_lazy("The SLA is not waived.")),
    "relax": PageAction(DecisionForm, _relax, gettext_lazy("The SLA is relaxed.")),
    "status": PageAction(StatusForm, _status, gettext_lazy("The status is changed.")),
    "priority": PageAction(PriorityForm, _priority, gettext_lazy("The priority is changed.")),
    "confirm": PageAction(OnceForm, _confirm, gettext_lazy("The proposed priority is confirmed.")),
    "reject": PageAction(
        OnceForm, _reject, gettext_lazy("The proposed priority is rejected; the SLAs follow.")
    ),
    "tags": PageAction(TagsForm, _tags, gettext_lazy("The tags are changed.")),
    "owner": PageAction(OwnerForm, _owner, gettext_lazy("The ticket is handed over.")),
    "acknowledge": PageAction(
        OnceForm,
        _acknowledge,
        gettext_lazy("Acknowledged by you. The SLA keeps running; reply to the customer."),
    ),
    "take_over": PageAction(
        OnceForm, _take_over, gettext_lazy("The ticket is yours. Reply to the customer.")
    ),
    "escalate": PageAction(EscalateForm, _escalate, gettext_lazy("The ticket was escalated one level.")),
    "take_back": PageAction(
        AbsenceMoveForm, _take_back, gettext_lazy("The ticket is back with its previous owner.")
    ),
    "keep": PageAction(AbsenceMoveForm, _keep, gettext_lazy("The ticket stays with its current owner.")),
    "customer": PageAction(
        NamingForm, _name_customer, gettext_lazy("The customer is named. The SLA follows their contract.")
    ),
    "merge": PageAction(MergeForm, _merge, gettext_lazy("The tickets are merged.")),
}
