"""A desk on which nearly everything has happened, all of whose people read one language."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.core.files.base import ContentFile

from customers.choices import Scenario
from customers.models import Absence, Contact, Customer
from escalation.absences.moving import move_from_absent
from escalation.absences.returning import offer_back
from escalation.choices import AcknowledgedBy
from escalation.drills.drills import start_drill
from escalation.duty.handover_mails import tell_changes
from escalation.duty.overrides_and_swaps import put_on_duty, withdraw_override
from escalation.enforcement.acknowledge import acknowledge
from escalation.enforcement.sweep import sweep
from escalation.enforcement.waivers import confirm_waiver, waive_promise
from escalation.exports.pack import export_week
from escalation.lib.weeks import Week
from escalation.models import Clock, DutyRota, ExportSubscriber, Policy
from tests.factories import (
    NOW,
    AttachmentFactory,
    ClusterFactory,
    ContactFactory,
    ContactWayFactory,
    ContractFactory,
    CustomerFactory,
    DutyLayerFactory,
    DutyShiftFactory,
    HeartbeatFactory,
    InboundEmailFactory,
    MailboxFactory,
    MailDomainFactory,
    SkillFactory,
    TeamFactory,
    set_desk,
    staff,
)
from tests.rawmail import rawmail
from tests.talk import answered, asked, bounced, called, dispatched, minute, noted, opened, words
from tickets.choices import Priority, ProposalReach, Status
from tickets.models import Mailbox, Message, MissingMail, Rule, Ticket
from tickets.services.failed_responses import void_response
from tickets.services.merging import merge
from tickets.services.proposals import WantedProposal, reject_proposal
from tickets.triage.rule_matching import RuleMatch


@dataclass(frozen=True)
class Scene:
    root: User
    lead: User
    manager: User
    tickets: tuple[Ticket, ...]
    rota: DutyRota


def furnished(language: str) -> Scene:
    """From `NOW` to a week later; everybody is in New York, whose zone has an abbreviation."""
    own = {"language": language, "time_zone": "America/New_York"}
    root = staff("root", **own)
    root.is_superuser = True
    root.save(update_fields=["is_superuser"])
    boss = staff("boss", groups=["Duty manager", "Team lead"], **own)
    lead = staff("mia", groups=["Team lead"], reports_to=boss, **own)
    ann = staff("ann", groups=["Account manager"], reports_to=lead, **own)
    ben = staff("ben", groups=["Account manager"], reports_to=lead, **own)
    set_desk(duty_manager=boss, intake_owner=ann)
    TeamFactory(lead=lead)
    SkillFactory()
    rota = _rota(ann, ben, boss)
    customer = CustomerFactory(
        account_manager=ann, backup_account_manager=ben, hotline="400-820-0199", name="星光直播", **own
    )
    ContractFactory(customer=customer, language=language)
    MailDomainFactory(customer=customer)
    MailboxFactory(host="imap.desk.example", import_since=NOW)
    MissingMail.objects.create(
        mailbox=Mailbox.objects.exclude(host="").get(), folder="INBOX", uid_validity=1, uid=1, found_at=NOW
    )
    HeartbeatFactory(at=NOW)
    ClusterFactory()
    ContactWayFactory(user=ann)
    InboundEmailFactory(authentication="dmarc=pass spf=softfail")
    Rule.objects.create(
        name="黑屏", words="黑屏", owner=ann, priority=Priority.P1, scenario=Scenario.SHOW_ROOM
    )
    ExportSubscriber.objects.create(email="week@desk.example", language=language)
    tickets = _talk(customer, ann, lead, language)
    _duty(rota, ben, ann, lead)
    _absence(ann)
    start_drill(actor=boss, at=minute(5000), reason="演练")
    dispatched(5010)
    export_week(week=Week(2026, 47), at=NOW + timedelta(days=14), actor=boss)
    return Scene(root, lead, ann, tickets, rota)


def _rota(ann: User, ben: User, boss: User) -> DutyRota:
    shift = DutyShiftFactory(user=ann, starts_at=NOW - timedelta(hours=12), ends_at=NOW + timedelta(hours=12))
    DutyShiftFactory(rota=shift.rota, user=ben, starts_at=minute(720), ends_at=minute(1440))
    DutyLayerFactory(rota=shift.rota)
    Policy.objects.update(duty_rota=shift.rota)
    put_on_duty(
        rota=shift.rota,
        user=ben,
        starts_at=minute(60),
        ends_at=minute(120),
        reason="换班",
        actor=boss,
        at=NOW,
    )
    return shift.rota


def _talk(customer: Customer, ann: User, lead: User, language: str) -> tuple[Ticket, ...]:
    contact = ContactFactory(customer=customer, name="何思琪", language=language)
    stranger = ContactFactory(customer=None, name="", language=language)
    urgent = opened(
        contact=contact, words=words("直播间黑屏", rfc_message_id="a1@company.example"), language=language
    )
    acknowledge(ticket=urgent, actor=urgent.owner, at=minute(1), by=AcknowledgedBy.PAGE)
    tickets = [opened(number, contact=contact, priority=number, language=language) for number in (1, 2, 3)]
    tickets.append(opened(4, contact=stranger, priority=Priority.P2, language=language))
    for at in (16, 31, 50, 61, 90, 130, 200, 260, 400, 500, 1000):
        sweep(now=minute(at))
        dispatched(at)
    _answers(urgent, tickets, lead)
    return (urgent, *tickets, *_proposals(contact, stranger, ann, language))


def _proposals(contact: Contact, stranger: Contact, ann: User, language: str) -> list[Ticket]:
    """One of each reach, the last of them rejected."""
    rule = Rule.objects.get(name="P0 in words")
    tickets = []
    for number, reach in enumerate(ProposalReach):
        wanted = WantedProposal(RuleMatch(rule, ("大面积", "黑屏")), reach)
        writer = stranger if reach == ProposalReach.SHOWN else contact
        tickets.append(
            opened(
                1020 + number, priority=Priority.P2, contact=writer, language=language, proposal=wanted,
                words=words("黑屏", rfc_message_id=f"p{number}@company.example"),
            )
        )  # fmt: skip
    rejected = opened(1030, priority=Priority.P2, contact=contact, language=language, proposal=wanted)
    Ticket.objects.filter(pk=rejected.pk).update(owner=ann)
    reject_proposal(ticket=rejected, actor=ann, at=minute(1031))
    rejected_running = opened(
        1032, priority=Priority.P2, contact=contact, language=language,
        proposal=WantedProposal(RuleMatch(rule, ("大面积",)), ProposalReach.PAGES),
        words=words("大面积", rfc_message_id="p9@company.example"),
    )  # fmt: skip
    reject_proposal(ticket=rejected_running, actor=ann, at=minute(1033))
    dispatched(1040)
    return [*tickets, rejected, rejected_running]


def _answers(urgent: Ticket, tickets: list[Ticket], lead: User) -> None:
    urgent.refresh_from_db()
    bounced(answered(urgent, 1001), 1002)
    void_response(
        message=called(urgent, 1003, happened=1000), actor=lead, at=minute(1004), reason="没有答复问题"
    )
    noted(urgent, 1005)
    _attach(urgent.messages.order_by("pk")[0])
    owed = Clock.objects.filter(ticket=tickets[0]).order_by("pk")[0]
    waive_promise(clock=owed, actor=lead, at=minute(1006), reason="误报")
    confirm_waiver(clock=owed, actor=staff(groups=["Team lead"]), at=minute(1006))
    answered(tickets[1], 1007, then=Status.WAITING)
    asked(tickets[1], 1008)
    merge(ticket=tickets[2], into=tickets[1], actor=lead, at=minute(1009), reason="重复")
    dispatched(1010)


def _duty(rota: DutyRota, ben: User, ann: User, lead: User) -> None:
    override = put_on_duty(
        rota=rota,
        user=ann,
        starts_at=minute(1100),
        ends_at=minute(1200),
        reason="看病",
        actor=lead,
        at=minute(1011),
    )
    withdraw_override(override=override, actor=lead, at=minute(1012))
    tell_changes(now=minute(721))


def _absence(ann: User) -> None:
    absence = Absence.objects.create(user=ann, starts_at=minute(1020), ends_at=minute(1440), reason="年假")
    move_from_absent(now=minute(1030))
    dispatched(1031)
    Absence.objects.filter(pk=absence.pk).update(ends_at=minute(1100))
    offer_back(now=minute(1200))
    dispatched(1201)


def _attach(message: Message) -> None:
    """An invitation, its cancellation and a mail."""
    event = (
        "BEGIN:VEVENT\r\nSUMMARY:black\r\nDTSTART:20261120T040000Z\r\nRRULE:X\r\nORGANIZER:a@b.example\r\n"
    )
    for method in ("REQUEST", "CANCEL"):
        calendar = ContentFile(f"METHOD:{method}\r\n{event}".encode(), name="x")
        AttachmentFactory(
            message=message,
            name="black.ics",
            content_type="text/calendar",
            file=calendar,
        )
    AttachmentFactory(
        message=message,
        name="black.eml",
        content_type="message/rfc822",
        file=ContentFile(
            rawmail(sender="li@company.example", headers={"Date": "Wed, 18 Nov 2026 12:00:00 +0000"}),
            name="x",
        ),
    )
