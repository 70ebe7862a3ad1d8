"""The people, customers and mailbox of the flow; built inside the fresh desk by `manage.py shell`.

Anna looks after every customer and reports to Lea. The last customer, Tempo, has bought an answer within one minute.
The others are those who write the mails of tests/mails.
"""

from datetime import UTC, date, datetime, timedelta

from django.contrib.auth.models import Group, User

from customers.models import Contact, Contract, Customer, Desk, MailDomain, ServicePlan, StaffProfile
from escalation.choices import ClockKind, Whom
from escalation.models import Calendar, EscalationStep, Policy
from escalation.policies.editing import Window, revise_policy
from tickets.choices import Priority
from tickets.models import Mailbox

PASSWORD = "flow-password-1"
ADDRESS = "support@desk.example"


def build(imap_port: int, imap_password: str) -> None:
    _staff()
    _customers()
    _quick_promise()
    mailbox, _is_new = Mailbox.objects.update_or_create(
        address=ADDRESS,
        defaults={
            "name": "Support", "host": "127.0.0.1", "port": imap_port, "security": "none",
            "username": "support", "password": imap_password, "after_fetch": "move", "move_to": "Done",
        },
    )  # fmt: skip
    week_ago = datetime.now(UTC) - timedelta(days=8)  # the desk was away while mail waited
    mailbox.folders.update_or_create(name="INBOX", defaults={"begins_at": week_ago})


def _staff() -> None:
    dora = _person("dora", "Dora Duty", "Duty manager", reports_to=None)
    lea = _person("lea", "Lea Lead", "Team lead", reports_to=dora)
    _person("anna", "Anna Account", "Account manager", reports_to=lea)
    Desk.objects.update_or_create(pk=1, defaults={"intake_owner": lea, "duty_manager": dora})


def _person(name: str, full: str, group: str, *, reports_to: User | None) -> User:
    first, last = full.split()
    email = f"{name}@staff.example"
    user = User.objects.create_user(name, email, PASSWORD, first_name=first, last_name=last, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    StaffProfile.objects.update_or_create(user=user, defaults={"reports_to": reports_to})
    return user


def _customers() -> None:
    _customer("星光直播", "starlight", "zh-hans", "Asia/Shanghai", "starlight-live.example")
    _customer("Dusk Dating", "dusk", "en", "Europe/Berlin", "duskdating.example")
    _customer("Guild Voice", "guild", "en", "Europe/London", "guildvoice.example")
    tempo = _customer("Tempo", "tempo", "en", "America/New_York", "tempo.example")
    plan = ServicePlan.objects.create(code="tempo", name="Tempo")
    Contract.objects.create(customer=tempo, plan=plan, starts_on=date(2020, 1, 1))


def _customer(name: str, code: str, language: str, zone: str, domain: str) -> Customer:
    anna = User.objects.get(username="anna")
    customer = Customer.objects.create(
        name=name, code=code, language=language, time_zone=zone, account_manager=anna
    )
    MailDomain.objects.create(customer=customer, domain=domain)
    Contact.objects.create(customer=customer, name=f"{name} operations", email=f"ops@{domain}")
    return customer


def _quick_promise() -> None:
    policy = Policy.objects.create(name="One minute", plan=ServicePlan.objects.get(code="tempo"))
    calendar = Calendar.objects.get(always_open=True)
    windows = [Window(ClockKind.FIRST_RESPONSE, priority, 1, calendar) for priority in Priority]
    revise_policy(policy=policy, windows=windows, actor=None, at=datetime(2020, 1, 1, tzinfo=UTC))
    EscalationStep.objects.create(
        policy=policy,
        percent=100,
        tell=[Whom.PREVIOUS_HOLDER, Whom.ACCOUNT_MANAGER],
        reassign_to=Whom.MANAGER,
    )
