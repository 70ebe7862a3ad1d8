"""The models of the escalation app, by topic.

Read in this order: policy, policy_stamp, contract_window, calendar; clock, ledger, seal; escalation, channel; duty,
duty_acts; absence, drill, export, heartbeat.
"""

from escalation.models.absence import AbsenceMove, Settled
from escalation.models.calendar import Calendar, CalendarVersion
from escalation.models.channel import ContactWay, NotificationAttempt
from escalation.models.clock import Clock
from escalation.models.contract_window import ContractWindow
from escalation.models.drill import Drill
from escalation.models.duty import DutyLayer, DutyRota, DutyShift, DutyTurn, ShiftSource, Weekday
from escalation.models.duty_acts import DutyFeed, DutyHandover, DutyOverride, DutySwap
from escalation.models.escalation import Acknowledgement, Escalation, Notification
from escalation.models.export import ExportFile, ExportSubscriber, WeeklyExport
from escalation.models.heartbeat import Heartbeat
from escalation.models.ledger import ClockEvent
from escalation.models.policy import EscalationStep, Policy, PolicyTarget, PolicyVersion, StepTime
from escalation.models.policy_stamp import PolicyStamp
from escalation.models.seal import Seal, SealedLine

__all__ = [
    "AbsenceMove",
    "Acknowledgement",
    "Calendar",
    "CalendarVersion",
    "Clock",
    "ClockEvent",
    "ContactWay",
    "ContractWindow",
    "Drill",
    "DutyFeed",
    "DutyHandover",
    "DutyLayer",
    "DutyOverride",
    "DutyRota",
    "DutyShift",
    "DutySwap",
    "DutyTurn",
    "Escalation",
    "EscalationStep",
    "ExportFile",
    "ExportSubscriber",
    "Heartbeat",
    "Notification",
    "NotificationAttempt",
    "Policy",
    "PolicyStamp",
    "PolicyTarget",
    "PolicyVersion",
    "Seal",
    "SealedLine",
    "Settled",
    "ShiftSource",
    "StepTime",
    "Weekday",
    "WeeklyExport",
]
