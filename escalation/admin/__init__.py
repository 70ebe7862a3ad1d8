"""The admin of promises, escalation and exports, one class per file.

One folder per topic: policies, chains, promises, notifications, duty, absences, exports. Single files: drill,
heartbeat, behind_figure.
"""

from escalation.admin.absences.absence import MovingAbsenceAdmin
from escalation.admin.absences.absence_move import AbsenceMoveAdmin
from escalation.admin.drill import DrillAdmin
from escalation.admin.duty.layer import DutyLayerAdmin
from escalation.admin.duty.records import DutyHandoverAdmin, DutyOverrideAdmin
from escalation.admin.duty.rota import DutyRotaAdmin
from escalation.admin.duty.shift import DutyShiftAdmin
from escalation.admin.exports.subscriber import ExportSubscriberAdmin
from escalation.admin.exports.weekly_export import WeeklyExportAdmin
from escalation.admin.heartbeat import HeartbeatAdmin
from escalation.admin.notifications.contact_way import ContactWayAdmin
from escalation.admin.notifications.notification import NotificationAdmin
from escalation.admin.policies.calendar import CalendarAdmin
from escalation.admin.policies.contract import PromisedContractAdmin
from escalation.admin.policies.policy import PolicyAdmin
from escalation.admin.promises.clock import ClockAdmin
from escalation.admin.promises.escalation import EscalationAdmin
from escalation.admin.promises.ledger import ClockEventAdmin
from escalation.admin.promises.seal import SealAdmin

__all__ = [
    "AbsenceMoveAdmin",
    "CalendarAdmin",
    "ClockAdmin",
    "ClockEventAdmin",
    "ContactWayAdmin",
    "DrillAdmin",
    "DutyHandoverAdmin",
    "DutyLayerAdmin",
    "DutyOverrideAdmin",
    "DutyRotaAdmin",
    "DutyShiftAdmin",
    "EscalationAdmin",
    "ExportSubscriberAdmin",
    "HeartbeatAdmin",
    "MovingAbsenceAdmin",
    "NotificationAdmin",
    "PolicyAdmin",
    "PromisedContractAdmin",
    "SealAdmin",
    "WeeklyExportAdmin",
]
