"""The log lines of a task carry its id, as the queue knows it."""

from collections.abc import Mapping
from typing import Any

from django_q.signals import post_execute_in_worker, pre_execute

from customers.work_ids import begin_work_on


def follow_tasks() -> None:
    """For the workers that this process forks."""
    pre_execute.connect(_begin, weak=False, dispatch_uid="task_ids")
    post_execute_in_worker.connect(_end, weak=False, dispatch_uid="task_ids")


def _begin(*, task: Mapping[str, Any], **_more: Any) -> None:
    begin_work_on(f"task-{str(task['id'])[:16]}")


def _end(**_more: Any) -> None:
    begin_work_on("")
