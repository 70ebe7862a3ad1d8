"""The admin of what joins the desk: the task queue, to look at."""

from supportdesk.admin.heartbeat import WordedHeartbeatAdmin
from supportdesk.admin.queue import FailedTaskAdmin, TimetableAdmin, WaitingTaskAdmin

__all__ = ["FailedTaskAdmin", "TimetableAdmin", "WaitingTaskAdmin", "WordedHeartbeatAdmin"]
