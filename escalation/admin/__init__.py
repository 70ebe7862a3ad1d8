"""The admin of promises, escalation and exports, one class per file."""

from escalation.admin.absence import AbsenceAdmin
from escalation.admin.absence_move import AbsenceMoveAdmin
from escalation.admin.calendar import CalendarAdmin
from escalation.admin.clock import ClockAdmin
from escalation.admin.contact_way import ContactWayAdmin
from escalation.admin.contract import ContractAdmin
from escalation.admin.customer import CustomerAdmin
from escalation.admin.drill import DrillAdmin
from escalation.admin.duty import DutyRotaAdmin
from escalation.admin.duty_acts import DutyHandoverAdmin, DutyOverrideAdmin
from escalation.admin.duty_layer import DutyLayerAdmin
from escalation.admin.duty_shift import DutyShiftAdmin
from escalation.admin.escalation import EscalationAdmin
from escalation.admin.export_subscriber import ExportSubscriberAdmin
from escalation.admin.heartbeat import HeartbeatAdmin
from escalation.admin.ledger import ClockEventAdmin
from escalation.admin.notification import NotificationAdmin
from escalation.admin.policy import PolicyAdmin
from escalation.admin.ticket import TicketAdmin
from escalation.admin.weekly_export import WeeklyExportAdmin

__all__ = [
    "AbsenceAdmin",
    "AbsenceMoveAdmin",
    "CalendarAdmin",
    "ClockAdmin",
    "ClockEventAdmin",
    "ContactWayAdmin",
    "ContractAdmin",
    "CustomerAdmin",
    "DrillAdmin",
    "DutyHandoverAdmin",
    "DutyLayerAdmin",
    "DutyOverrideAdmin",
    "DutyRotaAdmin",
    "DutyShiftAdmin",
    "EscalationAdmin",
    "ExportSubscriberAdmin",
    "HeartbeatAdmin",
    "NotificationAdmin",
    "PolicyAdmin",
    "TicketAdmin",
    "WeeklyExportAdmin",
]
