"""The admin of promises, escalation and exports, one class per file."""

from escalation.admin.export_subscriber import ExportSubscriberAdmin
from escalation.admin.weekly_export import WeeklyExportAdmin

__all__ = ["ExportSubscriberAdmin", "WeeklyExportAdmin"]
