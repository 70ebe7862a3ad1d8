"""Factories for rows as they stand in a desk. What a service would compute as well, the test sets itself.

`NOW` is the moment tests speak of; rows default to times around it.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import factory
from django.contrib.auth.models import Group, Permission, User
from django.core.files.base import ContentFile
from factory.django import DjangoModelFactory

from customers.choices import Language, Scenario
from customers.models import (
    Absence,
    Contact,
    Contract,
    Customer,
    Desk,
    MailDomain,
    ServicePlan,
    Skill,
    StaffProfile,
    Team,
)
from escalation.choices import ClockChange, ClockKind, ClockState, Medium, NoticeKind, Whom
from escalation.lib.rotation import Rotation
from escalation.models import (
    Calendar,
    CalendarVersion,
    Clock,
    ClockEvent,
    ContactWay,
    ContractWindow,
    DutyLayer,
    DutyRota,
    DutyShift,
    DutyTurn,
    Escalation,
    EscalationStep,
    Heartbeat,
    Notification,
    Policy,
    PolicyTarget,
    PolicyVersion,
)
from escalation.working_time.definitions import CalendarDefinition, as_json, with_holidays
from supportdesk.models import Cluster, MailListener
from tickets.choices import (
    Channel,
    Fact,
    IntakeState,
    MailPurpose,
    MessageKind,
    OutboxState,
    Priority,
    Status,
)
from tickets.models import (
    Attachment,
    InboundEmail,
    Mailbox,
    MailboxFolder,
    Message,
    OutboundEmail,
    Ticket,
    TimelineEntry,
)
from tickets.search.indexing import index_tickets

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday, in week 2026-W47
FIRST = 10_000  # numbers of as many digits, so that names sort in the order in which they were made


def _opens_tickets() -> Permission:
    return Permission.objects.get(codename="view_ticket", content_type__app_label="tickets")


class UserFactory(DjangoModelFactory[User]):
    """A colleague who may sign in and open tickets. `groups=["Account manager"]` joins groups by name.

    `groups=[]` makes one without any permission.
    """

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"user{FIRST + number}")
    first_name = factory.Sequence(lambda number: f"User {FIRST + number}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@desk.example")
    is_staff = True

    @factory.post_generation
    def groups(self, create: bool, names: list[str] | None, **kwargs: Any) -> None:
        if create and names is None and not self.is_superuser:
            self.user_permissions.add(_opens_tickets())
        for name in names or ():
            self.groups.add(Group.objects.get(name=name))


class AdminFactory(UserFactory):
    is_superuser = True


class TeamFactory(DjangoModelFactory[Team]):
    class Meta:
        model = Team

    name = factory.Sequence(lambda number: f"Team {FIRST + number}")


class SkillFactory(DjangoModelFactory[Skill]):
    class Meta:
        model = Skill

    code = factory.Sequence(lambda number: f"skill-{FIRST + number}")
    name = factory.Sequence(lambda number: f"Skill {FIRST + number}")


class StaffProfileFactory(DjangoModelFactory[StaffProfile]):
    """`skills=[...]` sets the skills."""

    class Meta:
        model = StaffProfile
        skip_postgeneration_save = True

    user = factory.SubFactory(UserFactory)
    language = Language.ENGLISH
    time_zone = "Asia/Shanghai"

    @factory.post_generation
    def skills(self, create: bool, skills: list[Skill] | None, **kwargs: Any) -> None:
        self.skills.set(skills or [])


def staff(username: str = "", *, groups: list[str] | None = None, **profile: Any) -> User:
    """A user with a staff profile: `staff("ann", reports_to=bob, deputy=cy, team=team)`."""
    names = {"username": username} if username else {}
    user: User = UserFactory(groups=groups, **names)
    StaffProfileFactory(user=user, **profile)
    return user


class AbsenceFactory(DjangoModelFactory[Absence]):
    """Away from a day before `NOW` until a day after it."""

    class Meta:
        model = Absence

    user = factory.SubFactory(UserFactory)
    starts_at = NOW - timedelta(days=1)
    ends_at = NOW + timedelta(days=1)


def set_desk(**people: User | None) -> Desk:
    """The desk's single row with `intake_owner` and `duty_manager` as given."""
    desk, _created = Desk.objects.update_or_create(pk=1, defaults=people)
    return desk


class CustomerFactory(DjangoModelFactory[Customer]):
    class Meta:
        model = Customer

    name = factory.Sequence(lambda number: f"Customer {FIRST + number}")
    code = factory.Sequence(lambda number: f"customer-{FIRST + number}")
    scenario = Scenario.SHOW_ROOM
    language = Language.ENGLISH
    time_zone = "Asia/Shanghai"


class MailDomainFactory(DjangoModelFactory[MailDomain]):
    class Meta:
        model = MailDomain

    customer = factory.SubFactory(CustomerFactory)
    domain = factory.Sequence(lambda number: f"company{FIRST + number}.example")


class ContactFactory(DjangoModelFactory[Contact]):
    class Meta:
        model = Contact

    customer = factory.SubFactory(CustomerFactory)
    name = factory.Sequence(lambda number: f"Contact {FIRST + number}")
    email = factory.Sequence(lambda number: f"contact{FIRST + number}@company.example")


class ServicePlanFactory(DjangoModelFactory[ServicePlan]):
    class Meta:
        model = ServicePlan

    code = factory.Sequence(lambda number: f"plan-{FIRST + number}")
    name = factory.Sequence(lambda number: f"Plan {FIRST + number}")


class ContractFactory(DjangoModelFactory[Contract]):
    """From the beginning of 2026 without an end."""

    class Meta:
        model = Contract

    customer = factory.SubFactory(CustomerFactory)
    plan = factory.SubFactory(ServicePlanFactory)
    starts_on = date(2026, 1, 1)


class MailboxFactory(DjangoModelFactory[Mailbox]):
    """Receives by LMTP or pipe; give `host` to have it polled."""

    class Meta:
        model = Mailbox
        skip_postgeneration_save = True

    name = factory.Sequence(lambda number: f"Mailbox {FIRST + number}")
    address = factory.Sequence(lambda number: f"support{FIRST + number}@desk.example")

    @factory.post_generation
    def folder(self, create: bool, name: str | None, **more: Any) -> None:
        """A mailbox with a host fetches INBOX, or `folder="..."`, of the last year."""
        if self.host:  # type: ignore[attr-defined]
            MailboxFolderFactory(mailbox=self, name=name or "INBOX", **more)


class MailboxFolderFactory(DjangoModelFactory[MailboxFolder]):
    class Meta:
        model = MailboxFolder

    mailbox = factory.SubFactory(MailboxFactory)
    name = "INBOX"
    begins_at = NOW - timedelta(days=365)


class TicketFactory(DjangoModelFactory[Ticket]):
    """An open ticket received an hour before `NOW`, without messages and clocks."""

    class Meta:
        model = Ticket

    subject = factory.Sequence(lambda number: f"Black screen {FIRST + number}")
    status = Status.OPEN
    priority = Priority.P2
    channel = Channel.EMAIL
    customer = factory.SubFactory(CustomerFactory)
    owner = factory.SubFactory(UserFactory)
    opened_at = NOW - timedelta(hours=1)
    updated_at = factory.SelfAttribute("opened_at")


class MessageFactory(DjangoModelFactory[Message]):
    """The customer's words; `OutboundMessageFactory` is an answer."""

    class Meta:
        model = Message

    ticket = factory.SubFactory(TicketFactory)
    kind = MessageKind.INBOUND
    at = factory.SelfAttribute("ticket.opened_at")
    created_at = factory.SelfAttribute("at")
    body = factory.Sequence(lambda number: f"The live room is black, case {FIRST + number}.")


def findable(*tickets: Ticket) -> None:
    """Take tickets of factories into the search, as the services do. A ticket without a message gets one."""
    for ticket in tickets:
        if not ticket.messages.exists():
            MessageFactory(ticket=ticket)
    index_tickets([ticket.pk for ticket in tickets])


class OutboundMessageFactory(MessageFactory):
    kind = MessageKind.OUTBOUND
    author = factory.SelfAttribute("ticket.owner")
    at = NOW


class AttachmentFactory(DjangoModelFactory[Attachment]):
    """A small text file; `file=ContentFile(b"...", name="x")` for others."""

    class Meta:
        model = Attachment

    message = factory.SubFactory(MessageFactory)
    name = "log.txt"
    content_type = "text/plain"
    file = factory.LazyFunction(lambda: ContentFile(b"join failed: 4006\n", name="log.txt"))
    size = factory.LazyAttribute(lambda attachment: attachment.file.size)


class TimelineEntryFactory(DjangoModelFactory[TimelineEntry]):
    class Meta:
        model = TimelineEntry

    ticket = factory.SubFactory(TicketFactory)
    at = NOW
    fact = Fact.OPENED


class InboundEmailFactory(DjangoModelFactory[InboundEmail]):
    class Meta:
        model = InboundEmail

    mailbox = factory.SubFactory(MailboxFactory)
    raw = b"From: Li <li@company.example>\r\nSubject: Black screen\r\n\r\nHelp\r\n"
    size = factory.LazyAttribute(lambda mail: len(mail.raw))
    fingerprint = factory.Sequence(lambda number: f"{number:064x}")
    via = "lmtp"
    received_at = NOW
    state = IntakeState.STORED
    sender = "li@company.example"
    subject = "Black screen"


class OutboundEmailFactory(DjangoModelFactory[OutboundEmail]):
    class Meta:
        model = OutboundEmail

    purpose = MailPurpose.REPLY
    ticket = factory.SubFactory(TicketFactory)
    rfc_message_id = factory.Sequence(lambda number: f"{FIRST + number}.test@desk.example")
    sender = "support@desk.example"
    recipients = factory.LazyFunction(lambda: ["li@company.example"])
    subject = "Re: Black screen"
    text = "Please update the SDK."
    state = OutboxState.QUEUED
    created_at = NOW
    next_try_at = NOW


class CalendarFactory(DjangoModelFactory[Calendar]):
    """Around the clock, with its first version; `office_calendar()` has working hours."""

    class Meta:
        model = Calendar
        skip_postgeneration_save = True

    name = factory.Sequence(lambda number: f"Calendar {FIRST + number}")
    time_zone = "UTC"
    always_open = True
    version = 1
    definition = factory.LazyAttribute(
        lambda calendar: as_json(CalendarDefinition(calendar.time_zone, always_open=calendar.always_open))
    )
    first = factory.RelatedFactory("tests.factories.CalendarVersionFactory", factory_related_name="calendar")


class CalendarVersionFactory(DjangoModelFactory[CalendarVersion]):
    class Meta:
        model = CalendarVersion

    calendar = factory.SubFactory(CalendarFactory, first=None)
    number = 1
    definition = factory.SelfAttribute("calendar.definition")
    created_at = NOW - timedelta(days=365)


def office_calendar(time_zone: str = "Asia/Shanghai", **fields: Any) -> Calendar:
    """Monday to Friday, nine to six; `country="CN"` and other fields of a definition too."""
    week = (((9 * 60, 18 * 60),),) * 5 + ((), ())
    definition = CalendarDefinition(time_zone, **({"weekly": week} | fields))
    complete = with_holidays(definition, NOW.year)
    calendar: Calendar = CalendarFactory(
        always_open=complete.always_open,
        time_zone=time_zone,
        country=complete.country,
        definition=as_json(complete),
    )
    return calendar


class DutyRotaFactory(DjangoModelFactory[DutyRota]):
    class Meta:
        model = DutyRota

    name = factory.Sequence(lambda number: f"Rota {FIRST + number}")


class DutyShiftFactory(DjangoModelFactory[DutyShift]):
    """Twelve hours around `NOW`."""

    class Meta:
        model = DutyShift

    rota = factory.SubFactory(DutyRotaFactory)
    user = factory.SubFactory(UserFactory)
    starts_at = NOW - timedelta(hours=6)
    ends_at = NOW + timedelta(hours=6)


class PolicyFactory(DjangoModelFactory[Policy]):
    """A policy beside the shipped default one; without versions and steps."""

    class Meta:
        model = Policy

    name = factory.Sequence(lambda number: f"Policy {FIRST + number}")


class PolicyVersionFactory(DjangoModelFactory[PolicyVersion]):
    class Meta:
        model = PolicyVersion

    policy = factory.SubFactory(PolicyFactory)
    number = factory.Sequence(lambda number: number + 1)
    created_at = NOW - timedelta(days=365)


class PolicyTargetFactory(DjangoModelFactory[PolicyTarget]):
    class Meta:
        model = PolicyTarget

    version = factory.SubFactory(PolicyVersionFactory)
    kind = ClockKind.FIRST_RESPONSE
    priority = Priority.P2
    minutes = 480
    calendar = factory.SubFactory(CalendarFactory)


class ContractWindowFactory(DjangoModelFactory[ContractWindow]):
    class Meta:
        model = ContractWindow

    contract = factory.SubFactory(ContractFactory)
    kind = ClockKind.FIRST_RESPONSE
    priority = Priority.P2
    minutes = 120
    calendar = factory.SubFactory(CalendarFactory)
    created_at = NOW - timedelta(days=365)


class EscalationStepFactory(DjangoModelFactory[EscalationStep]):
    """At the due time: up to the owner's manager."""

    class Meta:
        model = EscalationStep

    policy = factory.SubFactory(PolicyFactory)
    percent = 100
    tell = factory.LazyFunction(lambda: [Whom.ACCOUNT_MANAGER])
    reassign_to = Whom.MANAGER


class ClockFactory(DjangoModelFactory[Clock]):
    """A running first response, started with the ticket and due `minutes` of plain time later."""

    class Meta:
        model = Clock

    ticket = factory.SubFactory(TicketFactory)
    kind = ClockKind.FIRST_RESPONSE
    state = ClockState.RUNNING
    priority = factory.SelfAttribute("ticket.priority")
    minutes = 480
    started_at = factory.SelfAttribute("ticket.opened_at")
    due_at = factory.LazyAttribute(lambda clock: clock.started_at + timedelta(minutes=clock.minutes))
    next_step_at = factory.SelfAttribute("due_at")
    policy_version = factory.SubFactory(PolicyVersionFactory)
    calendar = factory.SubFactory(CalendarFactory)
    calendar_version = 1


class ClockEventFactory(DjangoModelFactory[ClockEvent]):
    class Meta:
        model = ClockEvent

    clock = factory.SubFactory(ClockFactory)
    change = ClockChange.STARTED
    at = factory.SelfAttribute("clock.started_at")
    recorded_at = factory.SelfAttribute("clock.started_at")
    holder = factory.SelfAttribute("clock.ticket.owner")
    state_after = ClockState.RUNNING
    due_after = factory.SelfAttribute("clock.due_at")


class EscalationFactory(DjangoModelFactory[Escalation]):
    class Meta:
        model = Escalation

    clock = factory.SubFactory(ClockFactory)
    step = factory.SubFactory(EscalationStepFactory)
    due_at = factory.SelfAttribute("clock.due_at")
    fired_at = factory.SelfAttribute("clock.due_at")
    from_owner = factory.SelfAttribute("clock.ticket.owner")


class NotificationFactory(DjangoModelFactory[Notification]):
    class Meta:
        model = Notification

    recipient = factory.SubFactory(UserFactory)
    kind = NoticeKind.REMINDER
    ticket = factory.SubFactory(TicketFactory)
    next_try_at = NOW
    created_at = NOW


class ContactWayFactory(DjangoModelFactory[ContactWay]):
    """A bot in a WeCom group; `rota=` and `customer=` with `user=None` for theirs."""

    class Meta:
        model = ContactWay

    user = factory.SubFactory(UserFactory)
    medium = Medium.CHAT
    name = "Group of the shift"
    address = "wecombot://botkey-1234567890"
    shown = "WeCom Bot: wecombot://b...0/"


class HeartbeatFactory(DjangoModelFactory[Heartbeat]):
    class Meta:
        model = Heartbeat

    name = "sweep"
    at = NOW


class ClusterFactory(DjangoModelFactory[Cluster]):
    class Meta:
        model = Cluster

    name = "here:1"
    host = factory.LazyAttribute(lambda cluster: cluster.name.partition(":")[0])
    started_at = NOW
    seen_at = NOW
    workers = 3


class MailListenerFactory(DjangoModelFactory[MailListener]):
    class Meta:
        model = MailListener

    name = factory.Sequence(lambda number: f"mail:{number}")
    host = "mail"
    seen_at = NOW


class DutyLayerFactory(DjangoModelFactory[DutyLayer]):
    """Daily at nine in the rota's zone, from the Monday of the week of `NOW`; `people=[...]` take turns."""

    class Meta:
        model = DutyLayer
        skip_postgeneration_save = True

    rota = factory.SubFactory(DutyRotaFactory)
    name = factory.Sequence(lambda number: f"Layer {FIRST + number}")
    rotation = Rotation.DAYS
    hand_over = time(9)
    starts_on = date(2026, 11, 16)

    @factory.post_generation
    def people(self, create: bool, users: list[User] | None, **kwargs: Any) -> None:
        for position, user in enumerate(users or ()):
            DutyTurn.objects.create(layer=self, user=user, position=position)
