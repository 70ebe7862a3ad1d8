"""The log lines and the trace of a task carry its id, as the queue knows it."""

from collections.abc import Mapping
from typing import Any

from django_q.signals import post_execute_in_worker, pre_execute

from customers.work_ids import begin_work_on, current_work_id
from supportdesk.telemetry.tracing import begin_span

_spans: dict[str, Any] = {}  # of the one task that this worker is at


def follow_tasks() -> None:
    """For the workers that this process forks."""
    pre_execute.connect(_begin, weak=False, dispatch_uid="task_ids")
    post_execute_in_worker.connect(_end, weak=False, dispatch_uid="task_ids")


def _begin(*, task: Mapping[str, Any], **_more: Any) -> None:
    begin_work_on(f"task-{str(task['id'])[:16]}")
    traced = begin_span(f"task {task.get('func', '')}")
    if traced is not None:
        traced.set_attribute("desk.work_id", current_work_id())
        _spans["now"] = traced


def _end(*, task: Mapping[str, Any], **_more: Any) -> None:
    traced = _spans.pop("now", None)
    if traced is not None:
        traced.set_attribute("desk.succeeded", bool(task.get("success")))
        traced.end()
    begin_work_on("")
