"""Which rows are audited: what configures the desk and says who may do what. Secrets are masked."""

from collections.abc import Iterator

from auditlog.registry import auditlog
from django.contrib.auth.models import Group, User
from django.db.models import Field, Model

from customers.encrypted_field import EncryptedTextField
from customers.models import (
    Absence,
    Contract,
    Customer,
    Desk,
    MailDomain,
    ServicePlan,
    Skill,
    StaffProfile,
    Team,
)
from escalation.models import (
    Calendar,
    CalendarVersion,
    ContactWay,
    ContractWindow,
    DutyLayer,
    DutyOverride,
    DutyRota,
    DutySwap,
    EscalationStep,
    ExportSubscriber,
    Policy,
    PolicyTarget,
    PolicyVersion,
)
from supportdesk.models import SignInRule
from tickets.models import Mailbox, MailboxFolder, Rule

AUDITED: tuple[type[Model], ...] = (
    User, Group, StaffProfile, Team, Skill, Absence, Customer, MailDomain, Contract, ServicePlan, Desk, Mailbox,
    MailboxFolder, Rule, Policy, PolicyVersion, PolicyTarget, EscalationStep, Calendar, CalendarVersion, ContractWindow,
    DutyRota, DutyLayer, DutyOverride, DutySwap, ContactWay, ExportSubscriber, SignInRule,
)  # fmt: skip
# What the desk itself keeps in such rows, besides columns that nobody edits.
BY_THE_DESK = {
    User: ("last_login",),
    MailboxFolder: (
        "history_below", "uid_validity", "last_uid", "stuck_uid", "stuck_breaks", "import_until", "import_validity",
        "import_uid", "error",
    ),
}  # fmt: skip
HIDDEN = "•••"


def hidden(_value: str) -> str:
    """What the audit shows instead of a secret: that it was changed, and not even how long it is."""
    return HIDDEN


def register_audited() -> None:
    for model in AUDITED:
        if not auditlog.contains(model):
            auditlog.register(
                model,
                include_fields=[*_edited(model)],
                mask_fields=[*_secrets(model)],
                mask_callable=f"{__name__}.{hidden.__name__}",
                m2m_fields={field.name for field in model._meta.many_to_many},
            )


def _edited(model: type[Model]) -> Iterator[str]:
    """Columns that people give a value to."""
    for field in _columns(model):
        if field.editable and not field.primary_key and field.name not in BY_THE_DESK.get(model, ()):
            yield field.name


def _secrets(model: type[Model]) -> Iterator[str]:
    secret = "password" if model is User else ""
    for field in _columns(model):
        if isinstance(field, EncryptedTextField) or field.name == secret:
            yield field.name


def _columns(model: type[Model]) -> "tuple[Field[object, object], ...]":
    return tuple(model._meta.concrete_fields)
